#include "common/ops/http_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/ops/log.hpp"
#include "common/ops/loopback.hpp"

namespace pullwire {
namespace {

// No limit per address: everybody here comes from the same one.
constexpr unsigned kMaxConnections = 64;
constexpr std::size_t kConnectionMemory = 32 * 1024;
constexpr unsigned kIdleSeconds = 10;

[[noreturn]] void cannot_listen(const HttpAddress& address, int error) {
  throw std::runtime_error("cannot listen on " + address.text() + ": " + std::strerror(error));
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const HttpAddress& address) {
  SocketAddress result;
  if (address.host.find(':') == std::string::npos) {
    auto& four = reinterpret_cast<sockaddr_in&>(result.storage);
    four.sin_family = AF_INET;
    four.sin_port = htons(address.port);
    ::inet_pton(AF_INET, address.host.c_str(), &four.sin_addr);
    result.size = sizeof four;
  } else {
    auto& six = reinterpret_cast<sockaddr_in6&>(result.storage);
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(address.port);
    ::inet_pton(AF_INET6, address.host.c_str(), &six.sin6_addr);
    result.size = sizeof six;
  }
  return result;
}

std::uint16_t port_of(int socket) {
  SocketAddress bound;
  if (::getsockname(socket, bound.get(), &bound.size) != 0) {
    throw std::runtime_error(std::string{"getsockname: "} + std::strerror(errno));
  }
  // The port is at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in&>(bound.storage).sin_port);
}

/// A listening socket, made here so that the error has its reason.
int listen_on(const HttpAddress& address) {
  SocketAddress local = socket_address(address);
  const int socket =
      ::socket(local.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) cannot_listen(address, errno);
  const int on = 1;
  if (::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(socket, local.get(), local.size) != 0 || ::listen(socket, SOMAXCONN) != 0) {
    const int error = errno;
    ::close(socket);
    cannot_listen(address, error);
  }
  return socket;
}

bool is_loopback_host(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && !host.ends_with(']');
  return loopback_address(has_port ? host.substr(0, colon) : host).has_value();
}

/// What one request remembers between the library's calls.
struct Exchange {
  std::string query;
  bool begun = false;
};

MHD_Result queue(MHD_Connection* connection, const Response& response) {
  // The library keeps a copy of the body.
  const std::unique_ptr<MHD_Response, decltype(&MHD_destroy_response)> answer{
      MHD_create_response_from_buffer(response.body.size(), const_cast<char*>(response.body.data()),
                                      MHD_RESPMEM_MUST_COPY),
      &MHD_destroy_response};
  if (!answer) return MHD_NO;
  bool complete = true;
  const auto header = [&](const char* name, const char* value) {
    complete = MHD_add_response_header(answer.get(), name, value) == MHD_YES && complete;
  };
  header(MHD_HTTP_HEADER_CONTENT_TYPE, response.content_type.c_str());
  header(MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  header("X-Content-Type-Options", "nosniff");
  if (response.status == MHD_HTTP_METHOD_NOT_ALLOWED) header(MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
  if (!complete) return MHD_NO;
  return MHD_queue_response(connection, static_cast<unsigned>(response.status), answer.get());
}

/// Why a request is refused before anybody looks at its path.
std::optional<Response> refused(MHD_Connection* connection, std::string_view method) {
  const char* host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
  if (host != nullptr && !is_loopback_host(host)) {
    return Response{.status = MHD_HTTP_FORBIDDEN, .body = "this host is not served\n"};
  }
  if (method != MHD_HTTP_METHOD_GET && method != MHD_HTTP_METHOD_HEAD) {
    return Response{.status = MHD_HTTP_METHOD_NOT_ALLOWED, .body = "GET and HEAD only\n"};
  }
  return std::nullopt;
}

unsigned connections(MHD_Daemon* daemon) {
  return MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}

void run(MHD_Daemon* daemon) {
  if (MHD_run(daemon) != MHD_YES) throw std::runtime_error("the HTTP server failed");
}

}  // namespace

struct HttpServer::Callbacks {
  static void* begin(void*, const char* uri, MHD_Connection*) {
    const std::string_view text = uri;
    const std::size_t mark = text.find('?');
    auto exchange = std::make_unique<Exchange>();
    if (mark != std::string_view::npos) exchange->query = text.substr(mark + 1);
    return exchange.release();
  }

  static void end(void*, MHD_Connection*, void** context, MHD_RequestTerminationCode) {
    delete static_cast<Exchange*>(std::exchange(*context, nullptr));
  }

  /// Called once with the headers, again for each piece of a body, and once more
  /// when all is read.
  static MHD_Result access(void* server, MHD_Connection* connection, const char* path,
                           const char* method, const char*, const char*, std::size_t* body_size,
                           void** context) {
    auto& exchange = *static_cast<Exchange*>(*context);
    if (!exchange.begun) {
      exchange.begun = true;
      const auto refusal = refused(connection, method);
      // An answer before the body was read closes the connection after it.
      return refusal ? queue(connection, *refusal) : MHD_YES;
    }
    if (*body_size > 0) return MHD_NO;  // a GET has no body to read: end the connection
    return queue(connection, static_cast<HttpServer*>(server)->answer({path, exchange.query}));
  }

  [[gnu::format(printf, 2, 0)]] static void log(void*, const char* format, va_list arguments) {
    if (!log_enabled(LogLevel::Debug)) return;  // it complains about what strangers do
    std::array<char, 512> line{};
    std::vsnprintf(line.data(), line.size(), format, arguments);
    std::string_view text = line.data();
    while (text.ends_with('\n')) text.remove_suffix(1);
    log_debug("http", {{"detail", text}});
  }
};

void HttpServer::Stop::operator()(MHD_Daemon* daemon) const {
  MHD_stop_daemon(daemon);
}

HttpServer::HttpServer(const HttpAddress& address) : address_{address} {
  const int socket = listen_on(address);
  address_.port = port_of(socket);
  unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG;
  if (address.host.find(':') != std::string::npos) flags |= MHD_USE_IPv6;
  daemon_.reset(MHD_start_daemon(
      flags, 0, nullptr, nullptr, &Callbacks::access, this,
      // First, so that it hears about the others.
      MHD_OPTION_EXTERNAL_LOGGER, &Callbacks::log, nullptr, MHD_OPTION_LISTEN_SOCKET, socket,
      MHD_OPTION_CONNECTION_LIMIT, kMaxConnections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      kConnectionMemory, MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds, MHD_OPTION_URI_LOG_CALLBACK,
      &Callbacks::begin, nullptr, MHD_OPTION_NOTIFY_COMPLETED, &Callbacks::end, nullptr,
      MHD_OPTION_END));
  if (!daemon_) throw std::runtime_error("cannot serve HTTP on " + address_.text());
}

HttpServer::~HttpServer() = default;

void HttpServer::get(std::string path, Handler handler) {
  handlers_[std::move(path)] = std::move(handler);
}

Response HttpServer::answer(const Request& request) const {
  const auto handler = handlers_.find(request.path);
  if (handler == handlers_.end()) return {.status = MHD_HTTP_NOT_FOUND, .body = "not found\n"};
  try {
    return handler->second(request);
  } catch (const std::exception& error) {
    // The library is C: nothing may be thrown through it.
    log_error("http request failed", {{"path", request.path}, {"error", error.what()}});
    return {.status = MHD_HTTP_INTERNAL_SERVER_ERROR, .body = "internal error\n"};
  }
}

int HttpServer::descriptor() const {
  return MHD_get_daemon_info(daemon_.get(), MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

std::optional<std::chrono::milliseconds> HttpServer::timeout() const {
  MHD_UNSIGNED_LONG_LONG milliseconds = 0;
  if (MHD_get_timeout(daemon_.get(), &milliseconds) != MHD_YES) return std::nullopt;
  return std::chrono::milliseconds{milliseconds};
}

void HttpServer::serve() {
  const bool was_full = connections(daemon_.get()) >= kMaxConnections;
  run(daemon_.get());
  // At the limit the library stops listening, and it begins again only at the start of
  // a run: without this one nobody would wake the loop for those who wait.
  if (was_full && connections(daemon_.get()) < kMaxConnections) run(daemon_.get());
}

}  // namespace pullwire
