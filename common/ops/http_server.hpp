// A small HTTP server for the process's own loop: metrics, health, status.
//
// Not thread-safe: lives on the loop's thread. The only place that knows the HTTP
// server library.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/ops/located.hpp"

struct MHD_Daemon;

namespace pullwire {

/// A loopback address.
struct HttpAddress {
  std::string host;        ///< "127.0.0.1", "::1"
  std::uint16_t port = 0;  ///< 0: any that is free

  /// "127.0.0.1:9471", "[::1]:9471".
  [[nodiscard]] std::string text() const;
};

/// Reads "127.0.0.1:9471", "[::1]:9471" or "localhost:9471". Throws Misconfigured
/// for anything else, and for addresses beyond loopback.
HttpAddress parse_http_address(const Located& address);

struct Request {
  std::string_view path;   ///< decoded, without the query
  std::string_view query;  ///< as sent, without the ?; may be empty
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// Answers GET and HEAD for the paths it was given.
///
/// Requests whose Host is not loopback are refused (403): a page of a stranger's
/// could otherwise read from here under a name that it points at 127.0.0.1.
/// Answers forbid caching and guessing of content types. At most 64 connections
/// (more wait), 32 KiB of memory each, 10 s without a byte.
///
///   HttpServer server{address};
///   server.get("/healthz", [](const Request&) { return Response{.body = "ok\n"}; });
///   ... poll server.descriptor() for server.timeout() at most, then server.serve() ...
class HttpServer {
 public:
  using Handler = std::function<Response(const Request&)>;

  /// Listens. Throws std::runtime_error ("cannot listen on 127.0.0.1:9471: Address
  /// already in use").
  explicit HttpServer(const HttpAddress& address);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// `handler` answers GET and HEAD for exactly `path`, from within serve(). What it
  /// throws is logged and answered with 500.
  void get(std::string path, Handler handler);

  /// The address listened on, with the port that was found if it was 0.
  [[nodiscard]] const HttpAddress& address() const { return address_; }
  [[nodiscard]] std::uint16_t port() const { return address_.port; }

  /// Readable when serve() has something to do.
  [[nodiscard]] int descriptor() const;
  /// How long serve() need not be called if the descriptor stays quiet.
  [[nodiscard]] std::optional<std::chrono::milliseconds> timeout() const;
  /// Does what can be done without waiting.
  void serve();

 private:
  struct Stop {
    void operator()(MHD_Daemon* daemon) const;
  };
  struct Callbacks;

  [[nodiscard]] Response answer(const Request& request) const;

  HttpAddress address_;
  std::map<std::string, Handler, std::less<>> handlers_;
  std::unique_ptr<MHD_Daemon, Stop> daemon_;  // last: stops while the handlers are there
};

}  // namespace pullwire
