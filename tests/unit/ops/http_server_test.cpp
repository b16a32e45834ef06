#include "common/ops/http_server.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/catch.hpp"

using namespace pullwire;
using Catch::Contains;
using Catch::StartsWith;

namespace {

/// A connection to the server, without waiting for anything.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(socket_); }

  void send(std::string_view bytes) {
    REQUIRE(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }

  /// Reads what is there. False once the server has closed.
  bool receive(std::string& into) {
    std::array<char, 65536> buffer{};
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count > 0) into.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0 || (count < 0 && errno == EAGAIN);
  }

  int descriptor() const { return socket_; }

 private:
  int socket_;
};

class HttpFixture {
 public:
  HttpFixture() {
    server.get("/metrics", [](const Request&) {
      return Response{.content_type = "text/x-test", .body = "a 1\n"};
    });
    server.get("/echo", [](const Request& request) {
      return Response{.body = std::string{request.path} + "|" + std::string{request.query}};
    });
    server.get("/readyz", [](const Request&) { return Response{.status = 503, .body = "no"}; });
    server.get("/large",
               [](const Request&) { return Response{.body = std::string(5'000'000, 'x')}; });
    server.get("/throws", [](const Request&) -> Response { throw std::runtime_error("secret"); });
  }

  /// Turns the loop until the server closes the connection or `enough` says so.
  template <class Enough>
  std::string receive(Client& client, Enough enough) {
    std::string received;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (client.receive(received) && !enough(received)) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::array<pollfd, 2> watched{pollfd{server.descriptor(), POLLIN, 0},
                                    pollfd{client.descriptor(), POLLIN, 0}};
      const auto timeout = server.timeout();
      const auto wait = timeout.value_or(std::chrono::milliseconds{5000});
      const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(wait.count()));
      // Whoever polls without a time-out must be woken.
      REQUIRE((ready > 0 || timeout.has_value()));
      server.serve();
    }
    return received;
  }

  /// The whole answer to a request, after which the server closes.
  std::string ask(std::string_view request) {
    Client client{server.port()};
    client.send(request);
    return receive(client, [](const std::string&) { return false; });
  }

  /// The answer to GET `target`.
  std::string get(const std::string& target, const std::string& host = "127.0.0.1") {
    return ask("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
  }

  HttpServer server{{"127.0.0.1", 0}};
};

std::string body_of(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

Located at(std::string text) {
  return {std::move(text), {}, "--http"};
}

}  // namespace

TEST_CASE("an HTTP address is loopback with a port", "[http]") {
  CHECK(parse_http_address(at("127.0.0.1:9471")).text() == "127.0.0.1:9471");
  CHECK(parse_http_address(at("127.8.9.10:0")).text() == "127.8.9.10:0");
  CHECK(parse_http_address(at("[::1]:9471")).text() == "[::1]:9471");
  CHECK(parse_http_address(at("[::1]:9471")).host == "::1");
  CHECK(parse_http_address(at("Localhost:80")).text() == "127.0.0.1:80");
}

TEST_CASE("what is no HTTP address is refused with its place", "[http]") {
  for (const char* text : {"", "9471", ":9471", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
                           "127.0.0.1:65536", "127.0.0.1:-1", "::1:9471", "127.0.0.1:80 "}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_http_address(at(text)),
                      StartsWith("--http: must be an address like 127.0.0.1:9471, not \""));
  }
  for (const char* text :
       {"0.0.0.0:80", "192.168.1.5:80", "[::]:80", "[2001:db8::1]:80", "*:80", "example.org:80",
        "localhost.example.org:80", "127.0.0.1.nip.io:80", "[::ffff:127.0.0.1]:80"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_http_address(at(text)), Misconfigured);
    CHECK_THROWS_WITH(parse_http_address(at(text)), Contains("beyond loopback"));
  }
}

TEST_CASE("a GET is answered by its path's handler", "[http]") {
  HttpFixture http;
  const std::string answer = http.get("/metrics");
  CHECK_THAT(answer, StartsWith("HTTP/1.1 200 "));
  CHECK_THAT(answer, Contains("\r\nContent-Type: text/x-test\r\n"));
  CHECK_THAT(answer, Contains("\r\nX-Content-Type-Options: nosniff\r\n"));
  CHECK_THAT(answer, Contains("\r\nCache-Control: no-store\r\n"));
  CHECK(body_of(answer) == "a 1\n");
  CHECK(body_of(http.get("/echo?a=1&b=%20")) == "/echo|a=1&b=%20");
  CHECK(body_of(http.get("/%65cho")) == "/echo|");
  CHECK_THAT(http.get("/readyz"), StartsWith("HTTP/1.1 503 "));
}

TEST_CASE("a HEAD has the headers of GET and no body", "[http]") {
  HttpFixture http;
  const std::string answer = http.ask("HEAD /metrics HTTP/1.1\r\nConnection: close\r\n\r\n");
  CHECK_THAT(answer, StartsWith("HTTP/1.1 200 "));
  CHECK_THAT(answer, Contains("\r\nContent-Length: 4\r\n"));
  CHECK(body_of(answer).empty());
}

TEST_CASE("an answer larger than any buffer arrives whole", "[http]") {
  HttpFixture http;
  CHECK(body_of(http.get("/large")).size() == 5'000'000);
}

TEST_CASE("a connection serves one request after another", "[http]") {
  HttpFixture http;
  Client client{http.server.port()};
  for (int i = 0; i < 3; ++i) {
    client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const std::string answer = http.receive(
        client, [](const std::string& received) { return received.ends_with("a 1\n"); });
    CHECK_THAT(answer, StartsWith("HTTP/1.1 200 "));
  }
}

TEST_CASE("what is not there, not allowed or failed has its status", "[http]") {
  HttpFixture http;
  CHECK_THAT(http.get("/"), StartsWith("HTTP/1.1 404 "));
  CHECK_THAT(http.get("/metrics/"), StartsWith("HTTP/1.1 404 "));
  const std::string post =
      http.ask("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody");
  CHECK_THAT(post, StartsWith("HTTP/1.1 405 "));
  CHECK_THAT(post, Contains("\r\nAllow: GET, HEAD\r\n"));
  CHECK_THAT(http.ask("DELETE /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
             StartsWith("HTTP/1.1 405 "));
  const std::string failed = http.get("/throws");
  CHECK_THAT(failed, StartsWith("HTTP/1.1 500 "));
  CHECK_THAT(failed, !Contains("secret"));
}

TEST_CASE("a GET with a body, and one with endless headers, end the connection", "[http]") {
  HttpFixture http;
  CHECK(http.ask("GET /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello").empty());
  const std::string answer = http.ask("GET /metrics HTTP/1.1\r\nX: " + std::string(40'000, 'x'));
  CHECK_THAT(answer, StartsWith("HTTP/1.1 431 ") || StartsWith("HTTP/1.1 413 ") ||
                         StartsWith("HTTP/1.1 400 "));
}

TEST_CASE("a client that leaves in the middle of its request disturbs nobody", "[http]") {
  HttpFixture http;
  for (const char* part : {"", "GET /met", "GET /metrics?a=b HTTP/1.1\r\n",
                           "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"}) {
    Client leaving{http.server.port()};
    leaving.send(part);
    CHECK_THAT(http.get("/metrics"), StartsWith("HTTP/1.1 200 "));
  }
  CHECK_THAT(http.get("/metrics"), StartsWith("HTTP/1.1 200 "));
}

TEST_CASE("a Host that is not loopback is refused", "[http]") {
  HttpFixture http;
  for (const char* host :
       {"127.0.0.1", "127.0.0.1:9471", "localhost", "LOCALHOST:1", "[::1]", "[::1]:9471"}) {
    CAPTURE(host);
    CHECK_THAT(http.get("/metrics", host), StartsWith("HTTP/1.1 200 "));
  }
  for (const char* host : {"evil.example", "evil.example:9471", "127.0.0.1.evil.example",
                           "localhost.evil.example", "", "10.0.0.1", "[::2]", "::1"}) {
    CAPTURE(host);
    CHECK_THAT(http.get("/metrics", host), StartsWith("HTTP/1.1 403 "));
  }
  CHECK_THAT(http.ask("GET /metrics HTTP/1.0\r\n\r\n"),
             StartsWith("HTTP/1.1 200 ") || StartsWith("HTTP/1.0 200 "));
}

TEST_CASE("connections beyond the limit wait for a free place", "[http]") {
  HttpFixture http;
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 64; ++i) idle.push_back(std::make_unique<Client>(http.server.port()));
  Client late{http.server.port()};
  late.send("GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n");
  // One request through the 64th shows that all before were accepted.
  idle.back()->send("GET /metrics HTTP/1.1\r\n\r\n");
  http.receive(*idle.back(),
               [](const std::string& received) { return received.ends_with("a 1\n"); });
  std::string received;
  CHECK(late.receive(received));
  CHECK(received.empty());
  idle.clear();
  CHECK_THAT(http.receive(late, [](const std::string&) { return false; }),
             StartsWith("HTTP/1.1 200 "));
}

TEST_CASE("a port that is taken is named with the reason", "[http]") {
  HttpFixture http;
  const HttpAddress taken = http.server.address();
  CHECK_THROWS_WITH(HttpServer{taken},
                    "cannot listen on " + taken.text() + ": Address already in use");
}

TEST_CASE("an idle server asks for no time, one with a client for at most its patience", "[http]") {
  HttpFixture http;
  CHECK_FALSE(http.server.timeout().has_value());
  Client client{http.server.port()};
  client.send("GET /metrics HTTP/1.1\r\n\r\n");
  http.receive(client, [](const std::string& received) { return received.ends_with("a 1\n"); });
  REQUIRE(http.server.timeout().has_value());
  CHECK(*http.server.timeout() <= std::chrono::seconds{10});
}
