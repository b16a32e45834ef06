// A server on the loop under test that answers with the bytes it was given.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/loop.hpp"

namespace pullwire::tests {

/// One request a connection, which is closed after the answer; with Connections::Kept as many as
/// the client likes.
class CannedServer {
 public:
  /// Makes the bytes of the answer to a request's bytes; "" never answers.
  using Answer = std::function<std::string(const std::string& request)>;
  enum class Connections { Closed, Kept };

  CannedServer(net::Loop& loop, Answer answer, Connections connections = Connections::Closed)
      : loop_{loop}, answer_{std::move(answer)}, kept_{connections == Connections::Kept} {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, any, &size) != 0) {
      throw std::runtime_error{"no server"};
    }
    port_ = ntohs(address.sin_port);
    loop_.watch(listener_, [this] { accept(); });
  }
  ~CannedServer() {
    loop_.forget(listener_);
    ::close(listener_);
    for (const auto& [descriptor, request] : requests_) {
      loop_.forget(descriptor);
      ::close(descriptor);
    }
  }
  CannedServer(const CannedServer&) = delete;
  CannedServer& operator=(const CannedServer&) = delete;

  std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string{path};
  }
  std::size_t requests() const { return count_; }

  /// Closes the connection instead of an answer.
  static std::string hang_up() { return std::string(1, '\0'); }

  /// A whole answer.
  static std::string answer(std::string_view status, std::string_view headers,
                            std::string_view body) {
    return "HTTP/1.1 " + std::string{status} +
           "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           std::string{headers} + "\r\n" + std::string{body};
  }

 private:
  void accept() {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) return;
    requests_[descriptor];
    loop_.watch(descriptor, [this, descriptor] { read(descriptor); });
  }

  void read(int descriptor) {
    char bytes[4096];
    const ssize_t size = ::recv(descriptor, bytes, sizeof bytes, 0);
    std::string& request = requests_[descriptor];
    if (size > 0) request.append(bytes, static_cast<std::size_t>(size));
    if (size > 0 && request.find("\r\n\r\n") == std::string::npos) return;
    if (size > 0) {
      ++count_;
      const std::string bytes_out = answer_(request);
      request.clear();
      if (bytes_out.empty()) return;
      if (bytes_out != hang_up()) {
        (void)::send(descriptor, bytes_out.data(), bytes_out.size(), MSG_NOSIGNAL);
        if (kept_) return;
      }
    }
    loop_.forget(descriptor);
    ::close(descriptor);
    requests_.erase(descriptor);
  }

  net::Loop& loop_;
  Answer answer_;
  bool kept_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::map<int, std::string> requests_;
  std::size_t count_ = 0;
};

}  // namespace pullwire::tests
