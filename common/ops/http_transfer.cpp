#include "common/ops/http_transfer.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <new>
#include <stdexcept>

#include <arpa/inet.h>
#include <sys/socket.h>

#include "common/ops/text.hpp"

namespace pullwire {
namespace {

constexpr std::size_t kMostHeaderBytes = std::size_t{256} * 1024;

bool is_loopback(const curl_sockaddr& address) {
  if (address.family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &address.addr, sizeof four);
    return (ntohl(four.sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
  }
  if (address.family != AF_INET6 || address.addrlen < sizeof(sockaddr_in6)) return false;
  sockaddr_in6 six{};
  std::memcpy(&six, &address.addr, sizeof six);
  return IN6_IS_ADDR_LOOPBACK(&six);
}

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  if (code != CURLE_OK) throw std::runtime_error{curl_easy_strerror(code)};
}

}  // namespace

HttpClient::Transfer::Transfer(HttpRequest request, const HttpLimits& limits, Done done)
    : request_{std::move(request)},
      limits_{limits},
      done_{std::move(done)},
      encrypted_{request_.url.starts_with("https:")},
      easy_{curl_easy_init()} {
  if (!easy_) throw std::bad_alloc{};
  for (const std::string& header : request_.headers) {
    curl_slist* longer = curl_slist_append(headers_.get(), header.c_str());
    if (longer == nullptr) throw std::bad_alloc{};
    (void)headers_.release();
    headers_.reset(longer);
  }
  CURL* const easy = easy_.get();
  set(easy, CURLOPT_URL, request_.url.c_str());
  set(easy, CURLOPT_HTTPHEADER, headers_.get());
  if (request_.method != "GET") {
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(easy, CURLOPT_POSTFIELDS, request_.body.c_str());
    set(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  if (request_.once) set(easy, CURLOPT_FRESH_CONNECT, 1L);
  set(easy, CURLOPT_USERAGENT, "pullwire/" PULLWIRE_VERSION);
  set(easy, CURLOPT_ACCEPT_ENCODING, "");  // whatever the library can undo
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_QUICK_EXIT, 1L);  // else a look-up of a name that hangs is waited for
  set(easy, CURLOPT_ERRORBUFFER, error_.data());
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits_.connect.count()));
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(limits_.total.count()));
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_REDIR_PROTOCOLS_STR, encrypted_ ? "https" : "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, limits_.redirects > 0 ? 1L : 0L);
  set(easy, CURLOPT_MAXREDIRS, limits_.redirects);
  if (!encrypted_) set(easy, CURLOPT_PROXY, "");  // of the environment's: it is beyond loopback
  if (!limits_.authority.empty()) set(easy, CURLOPT_CAINFO, limits_.authority.c_str());
  set(easy, CURLOPT_WRITEFUNCTION, &take_body);
  set(easy, CURLOPT_WRITEDATA, this);
  set(easy, CURLOPT_HEADERFUNCTION, &take_header);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  set(easy, CURLOPT_OPENSOCKETDATA, this);
  set(easy, CURLOPT_PRIVATE, this);
}

std::size_t HttpClient::Transfer::take_body(char* data, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  std::string& body = transfer.answer_.body;
  if (size > transfer.limits_.body_bytes - body.size()) {
    transfer.own_failure_ =
        "the answer is larger than " + std::to_string(transfer.limits_.body_bytes) + " bytes";
    return CURL_WRITEFUNC_ERROR;
  }
  body.append(data, size);
  return size;
}

std::size_t HttpClient::Transfer::take_header(char* data, std::size_t, std::size_t size,
                                              void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.header_bytes_ += size;
  if (transfer.header_bytes_ > kMostHeaderBytes) {
    transfer.own_failure_ =
        "the answer's headers are larger than " + std::to_string(kMostHeaderBytes) + " bytes";
    return CURL_WRITEFUNC_ERROR;
  }
  std::string_view line{data, size};
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  return transfer.read_header(line) ? size : CURL_WRITEFUNC_ERROR;
}

bool HttpClient::Transfer::read_header(std::string_view line) {
  if (line.empty()) whole_header_ = true;
  if (line.starts_with("HTTP/")) {  // of the next answer on the way
    if (answer_.status >= 300 && answer_.status < 400) {
      redirected_ = true;
      permanently_ = permanently_ && (answer_.status == 301 || answer_.status == 308);
    }
    whole_header_ = false;
    answer_.headers.clear();
    answer_.body.clear();
    const std::string_view after = line.substr(std::min(line.size(), line.find(' ') + 1));
    std::from_chars(after.data(), after.data() + after.size(), answer_.status);
    return true;
  }
  const std::size_t colon = line.find(':');
  // What comes behind the body is no header.
  if (whole_header_ || colon == std::string_view::npos) return true;
  std::string name{line.substr(0, colon)};
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  line.remove_prefix(colon + 1);
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t")));
  answer_.headers.emplace_back(std::move(name), line);
  return true;
}

curl_socket_t HttpClient::Transfer::open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (!transfer.encrypted_ && !is_loopback(*address)) {
    transfer.own_failure_ = transfer.answer_.status == 0
                                ? "the address is beyond this machine, which needs https"
                                : "it redirects to an address beyond this machine without https";
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::string HttpClient::Transfer::why(CURLcode code) const {
  if (!own_failure_.empty()) return own_failure_;
  // In our own words where the library's differ each time, so that the same is told once.
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return answer_.status == 0 ? "no answer in time" : "the answer was not complete in time";
  }
  if (code == CURLE_COULDNT_CONNECT) {
    long error = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &error);
    return std::string{"no connection"} +
           (error == 0 ? "" : std::string{": "} + std::strerror(static_cast<int>(error)));
  }
  if (code == CURLE_TOO_MANY_REDIRECTS) return "redirected too often";
  const std::string_view detail{error_.data()};
  return detail.empty() ? curl_easy_strerror(code) : shortened(detail, 300);
}

void HttpClient::Transfer::end(CURLcode code) {
  long sent = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &sent);
  answer_.sent = sent > 0;
  if (code != CURLE_OK) {
    answer_.failure = why(code);
    answer_.body.clear();
  } else if (!whole_header_) {  // which the library takes for an answer
    answer_.failure = "the answer was cut off in its headers";
  } else if (redirected_ && permanently_) {
    char* url = nullptr;
    if (curl_easy_getinfo(easy_.get(), CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK && url) {
      answer_.moved_to = url;
    }
  }
  done_(std::move(answer_));
}

}  // namespace pullwire
