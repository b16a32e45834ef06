// Requests to the outside world, many at once, on the process's own loop.
//
// Not thread-safe: lives on the loop's thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <curl/curl.h>

#include "common/net/loop.hpp"

namespace pullwire {

struct HttpRequest {
  std::string method = "GET";
  std::string url{};                   ///< http or https
  std::vector<std::string> headers{};  ///< "Name: value"; never logged
  std::string body{};                  ///< sent unless `method` is GET
  /// It does something else when it comes twice: sent on a connection of its own. On one that was
  /// kept the library sends it again if the server closes that without an answer.
  bool once = false;
};

/// What one request may take. Past any of them it ends as failed; others go on.
struct HttpLimits {
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds total{30'000};
  std::size_t body_bytes = std::size_t{16} * 1024 * 1024;  ///< of the answer, decompressed
  long redirects = 0;                                      ///< followed; beyond: failed
  std::filesystem::path authority{};  ///< PEM file of a private one; empty: the system's
};

struct HttpAnswer {
  std::string failure;  ///< one line; "" if an answer came whole
  bool sent = false;    ///< the server may have got the request, or part of it
  long status = 0;      ///< of the last answer; 0 if none came
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  std::string moved_to;  ///< where it was found, if every redirect on the way was permanent

  [[nodiscard]] bool answered() const { return failure.empty(); }
  /// The first of that name (in lower case).
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

/// Certificates are verified; an unencrypted request, and one that it is redirected to, reaches
/// loopback addresses only; https is not left by a redirect. Connections are kept and shared.
/// A header section may have 256 KiB.
class HttpClient {
 public:
  using Id = std::uint64_t;
  using Done = std::function<void(HttpAnswer)>;

  explicit HttpClient(net::Loop& loop);
  /// Drops what is under way without a call.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Begins a request. `done` is called once, from the loop, never from within `fetch`, unless
  /// it is cancelled.
  Id fetch(HttpRequest request, const HttpLimits& limits, Done done);
  void cancel(Id id);

  [[nodiscard]] std::size_t under_way() const noexcept { return transfers_.size(); }

 private:
  class Transfer;
  struct Callbacks;
  struct Close {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  void drive(curl_socket_t socket, int events);
  void serve();
  void collect();

  net::Loop& loop_;
  int epoll_;
  std::unique_ptr<CURLM, Close> multi_;
  std::map<Id, std::unique_ptr<Transfer>> transfers_;
  std::map<Id, net::Loop::TimerId> refused_;  // before anything was sent; not told yet
  std::optional<net::Loop::TimerId> timer_;
  Id next_id_ = 0;
};

}  // namespace pullwire
