#include "common/ops/url.hpp"

#include <memory>
#include <stdexcept>

#include <curl/curl.h>

namespace pullwire {
namespace {

constexpr std::size_t kMostBytes = 4096;

struct Freed {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
  void operator()(char* text) const { curl_free(text); }
};

/// A part, or "" if it is not there.
std::string part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, 0) != CURLUE_OK) return {};
  const std::unique_ptr<char, Freed> owner{text};
  return text;
}

/// Without the text, in which a secret may stand.
[[noreturn]] void refuse(const std::string& why) {
  throw std::invalid_argument{"the address " + why};
}

std::string decoded(std::string_view text) {
  std::string spaced{text};
  for (char& c : spaced) c = c == '+' ? ' ' : c;
  int size = 0;
  const std::unique_ptr<char, Freed> plain{
      curl_easy_unescape(nullptr, spaced.c_str(), static_cast<int>(spaced.size()), &size)};
  return plain ? std::string(plain.get(), static_cast<std::size_t>(size)) : std::string{};
}

}  // namespace

std::string Url::authority() const {
  return port.empty() ? host : host + ':' + port;
}

std::string Url::shown() const {
  return scheme + "://" + authority() + path;
}

Url parse_url(std::string_view text) {
  if (text.size() > kMostBytes) refuse("is longer than 4096 bytes");
  const std::unique_ptr<CURLU, Freed> url{curl_url()};
  if (!url) throw std::bad_alloc{};
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, std::string{text}.c_str(), 0);
  if (code != CURLUE_OK) refuse(std::string{"is no URL: "} + curl_url_strerror(code));
  if (!part(url.get(), CURLUPART_USER).empty() || !part(url.get(), CURLUPART_PASSWORD).empty()) {
    throw std::invalid_argument{"the address must not hold a user or password"};
  }
  Url result{.scheme = part(url.get(), CURLUPART_SCHEME),
             .host = part(url.get(), CURLUPART_HOST),
             .port = part(url.get(), CURLUPART_PORT),
             .path = part(url.get(), CURLUPART_PATH),
             .query = part(url.get(), CURLUPART_QUERY)};
  if (result.scheme != "http" && result.scheme != "https") {
    refuse("is neither http nor https");
  }
  for (char& c : result.host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

std::string percent_encoded(std::string_view text) {
  const std::unique_ptr<char, Freed> encoded{
      curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size()))};
  return encoded && !text.empty() ? encoded.get() : "";
}

std::string query_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && decoded(pair.substr(0, equals)) == name) {
      return decoded(pair.substr(equals + 1));
    }
  }
  return {};
}

}  // namespace pullwire
