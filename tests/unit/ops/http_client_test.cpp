#include "common/ops/http_client.hpp"

#include <chrono>
#include <optional>
#include <vector>

#include <zlib.h>

#include "tests/catch.hpp"
#include "tests/unit/canned_server.hpp"

using namespace pullwire;
using namespace std::chrono_literals;
using pullwire::tests::CannedServer;

namespace {

struct HttpClientTest {
  HttpAnswer fetch(HttpRequest request, HttpLimits limits = {}) {
    std::optional<HttpAnswer> result;
    client.fetch(std::move(request), limits, [&](HttpAnswer answer) {
      result = std::move(answer);
      loop.stop();
    });
    loop.run();
    return std::move(*result);
  }

  HttpAnswer fetch_from(std::string bytes, HttpLimits limits = {}) {
    CannedServer server{loop, [&](const std::string&) { return bytes; }};
    return fetch({.url = server.url()}, limits);
  }

  net::Loop loop;
  HttpClient client{loop};
};

std::string gzipped(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE_METHOD(HttpClientTest, "an answer comes with status, headers and body", "[http_client]") {
  const HttpAnswer answer =
      fetch_from(CannedServer::answer("404 Not Found", "ETag:  \"a\"\r\nX-One: 1\r\n", "nothing"));
  CHECK(answer.answered());
  CHECK(answer.status == 404);
  CHECK(answer.header("etag") == "\"a\"");
  CHECK(answer.header("x-one") == "1");
  CHECK_FALSE(answer.header("x-two"));
  CHECK(answer.body == "nothing");
  CHECK(answer.moved_to.empty());
}

TEST_CASE_METHOD(HttpClientTest, "headers and a body are sent", "[http_client]") {
  std::string seen;
  CannedServer server{loop, [&](const std::string& request) {
                        seen = request;
                        return CannedServer::answer("200 OK", "", "");
                      }};
  CHECK(fetch({.method = "POST",
               .url = server.url("/p?q=1"),
               .headers = {"Authorization: Bearer t"},
               .body = "{}"})
            .status == 200);
  CHECK(seen.starts_with("POST /p?q=1 HTTP/1.1\r\n"));
  CHECK(seen.find("Authorization: Bearer t\r\n") != std::string::npos);
  CHECK(seen.find("User-Agent: pullwire/") != std::string::npos);
  CHECK(seen.ends_with("\r\n\r\n{}"));
}

TEST_CASE_METHOD(HttpClientTest, "what is broken on the way is a failure in one line",
                 "[http_client]") {
  const auto failure = [&](std::string bytes, HttpLimits limits = {}) {
    const HttpAnswer answer = fetch_from(std::move(bytes), limits);
    CHECK_FALSE(answer.answered());
    CHECK(answer.body.empty());
    CHECK(answer.failure.find('\n') == std::string::npos);
    return answer.failure;
  };
  CHECK(failure("HTTP/1.1 200 OK\r\nContent-Le") != "");                      // in the header
  CHECK(failure("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort") != "");  // in the body
  CHECK(failure("nonsense\r\n\r\n") != "");
  CHECK(failure("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nno gzip") != "");
  CHECK(failure(CannedServer::answer("200 OK", "", std::string(2000, 'x')), {.body_bytes = 1999}) ==
        "the answer is larger than 1999 bytes");
  CHECK(failure("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", {.body_bytes = 4}) ==
        "the answer is larger than 4 bytes");
  std::string headers;
  for (int i = 0; i < 5000; ++i) headers += "X-Much: " + std::string(60, 'x') + "\r\n";
  CHECK(failure(CannedServer::answer("200 OK", headers, "")).find("headers are larger") !=
        std::string::npos);
}

TEST_CASE_METHOD(HttpClientTest, "a body counts as long as it is when it is unpacked",
                 "[http_client]") {
  const std::string packed = gzipped(std::string(1'000'000, 'x'));
  const std::string bytes = CannedServer::answer("200 OK", "Content-Encoding: gzip\r\n", packed);
  CHECK(fetch_from(bytes).body.size() == 1'000'000);
  CHECK(fetch_from(bytes, {.body_bytes = 999'999}).failure ==
        "the answer is larger than 999999 bytes");
}

TEST_CASE_METHOD(HttpClientTest, "a server that does not answer is left in time", "[http_client]") {
  CannedServer server{loop, [](const std::string&) { return std::string{}; }};
  const auto begin = std::chrono::steady_clock::now();
  CHECK(fetch({.url = server.url()}, {.total = 100ms}).failure == "no answer in time");
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
}

TEST_CASE_METHOD(HttpClientTest, "what is to come once is sent once", "[http_client]") {
  std::vector<std::string> seen;
  CannedServer server{loop,
                      [&](const std::string& request) {
                        seen.push_back(request.substr(0, request.find(' ')));
                        return seen.back() == "GET" ? std::string{"HTTP/1.1 204 No Content\r\n\r\n"}
                                                    : CannedServer::hang_up();
                      },
                      CannedServer::Connections::Kept};
  const auto post = [&](bool once) {
    seen.clear();
    CHECK(fetch({.url = server.url()}).status == 204);  // leaves a connection that is kept
    CHECK_FALSE(
        fetch({.method = "POST", .url = server.url(), .body = "x", .once = once}).answered());
    return seen;
  };
  CHECK(post(true) == std::vector<std::string>{"GET", "POST"});
  // The library takes it for a connection that had died before.
  CHECK(post(false) == std::vector<std::string>{"GET", "POST", "POST"});
}

TEST_CASE_METHOD(HttpClientTest, "redirects are followed as far as is allowed", "[http_client]") {
  CannedServer server{loop, [](const std::string& request) {
                        if (request.starts_with("GET /end")) {
                          return CannedServer::answer("200 OK", "", "found");
                        }
                        if (request.starts_with("GET /loop")) {
                          return CannedServer::answer("302 Found", "Location: /loop\r\n", "");
                        }
                        if (request.starts_with("GET /for-now")) {
                          return CannedServer::answer("302 Found", "Location: /end\r\n", "");
                        }
                        return CannedServer::answer("301 Moved", "Location: /end\r\n", "x");
                      }};
  const auto get = [&](std::string_view path, long redirects) {
    return fetch({.url = server.url(path)}, {.redirects = redirects});
  };
  CHECK(get("/moved", 0).status == 301);
  const HttpAnswer moved = get("/moved", 5);
  CHECK(moved.body == "found");
  CHECK(moved.moved_to == server.url("/end"));
  CHECK(get("/for-now", 5).body == "found");
  CHECK(get("/for-now", 5).moved_to.empty());
  CHECK(get("/loop", 5).failure == "redirected too often");
}

TEST_CASE_METHOD(HttpClientTest, "what is not encrypted does not leave this machine",
                 "[http_client]") {
  // TEST-NET-1: nobody is there, and nothing is to be sent to it.
  CHECK(fetch({.url = "http://192.0.2.1/"}).failure.find("needs https") != std::string::npos);
  CHECK(fetch_from(CannedServer::answer("302 Found", "Location: http://192.0.2.1/\r\n", ""),
                   {.redirects = 5})
            .failure.find("without https") != std::string::npos);
  CHECK_FALSE(fetch_from(CannedServer::answer("302 Found", "Location: file:///etc/passwd\r\n", ""),
                         {.redirects = 5})
                  .answered());
}

TEST_CASE_METHOD(HttpClientTest, "many requests go side by side, and one can be cancelled",
                 "[http_client]") {
  CannedServer server{loop, [](const std::string& request) {
                        return request.starts_with("GET /never")
                                   ? std::string{}
                                   : CannedServer::answer("200 OK", "", "x");
                      }};
  const HttpClient::Id never =
      client.fetch({.url = server.url("/never")}, {}, [](HttpAnswer) { FAIL("it was cancelled"); });
  int answers = 0;
  for (int i = 0; i < 50; ++i) {
    client.fetch({.url = server.url()}, {}, [&](const HttpAnswer& answer) {
      CHECK(answer.body == "x");
      if (++answers == 50) loop.stop();
    });
  }
  CHECK(client.under_way() == 51);
  loop.run();
  CHECK(client.under_way() == 1);
  client.cancel(never);
  CHECK(client.under_way() == 0);
}

TEST_CASE_METHOD(HttpClientTest, "what comes behind a body in pieces is no header",
                 "[http_client]") {
  const HttpAnswer answer = fetch_from(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: a\r\n\r\n"
      "2\r\nok\r\n0\r\nETag: b\r\nX-Late: 1\r\n\r\n");
  CHECK(answer.answered());
  CHECK(answer.body == "ok");
  CHECK_FALSE(answer.header("x-late"));
}

TEST_CASE_METHOD(HttpClientTest, "a request that cannot be made is an answer, too",
                 "[http_client]") {
  const HttpAnswer answer = fetch({.url = "http://127.0.0.1/" + std::string(9'000'000, 'x')});
  CHECK_FALSE(answer.answered());
  CHECK(fetch({.url = "http://127.0.0.1:1/"}).failure == "no connection: Connection refused");
}
