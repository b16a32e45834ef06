#include "ingestor/live/web_links.hpp"

#include <algorithm>
#include <new>

#include <curl/curl.h>

#include "ingestor/live/clean_html.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::string_view kMailto = "mailto:";

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// As browsers read it (URL Standard, 4.4): no control characters or blanks around it, no
/// tabs and line breaks in it.
std::string without_ignored(std::string_view written) {
  const auto ignored = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!written.empty() && ignored(written.front())) written.remove_prefix(1);
  while (!written.empty() && ignored(written.back())) written.remove_suffix(1);
  std::string url{written};
  std::erase_if(url, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
  return url;
}

/// In lower case, with its colon; "" where the URL has none.
std::string scheme_of(std::string_view url) {
  if (url.empty() || !is_letter(url.front())) return {};
  std::string scheme;
  for (const char c : url) {
    scheme += lower(c);
    if (c == ':') return scheme;
    if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.') return {};
  }
  return {};
}

/// Browsers take \ for / before the query.
void turn_slashes(std::string& url) {
  const std::size_t end = std::min(url.find_first_of("?#"), url.size());
  std::replace(url.begin(), url.begin() + static_cast<std::ptrdiff_t>(end), '\\', '/');
}

/// mailto with what RFC 6068 has it consist of; anything else is written as %XX.
std::string mail(std::string_view address) {
  constexpr std::string_view kPlain = "-._~!$'()*+,;:@%/?=&";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string url{kMailto};
  for (const char c : address) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_letter(c) || (c >= '0' && c <= '9') || kPlain.find(c) != std::string_view::npos) {
      url += c;
    } else if (byte < ' ' || byte == 0x7f) {
      return {};
    } else {
      url += '%';
      url += kDigits[byte >> 4U];
      url += kDigits[byte & 0xfU];
    }
  }
  return url.size() > kMailto.size() ? url : std::string{};
}

}  // namespace

struct WebLinks::Url {
  explicit Url(CURLU* url) : handle{url} {
    if (handle == nullptr) throw std::bad_alloc{};
  }
  ~Url() { curl_url_cleanup(handle); }
  Url(const Url&) = delete;
  Url& operator=(const Url&) = delete;

  bool set(const std::string& url) {
    return curl_url_set(handle, CURLUPART_URL, url.c_str(), CURLU_URLENCODE) == CURLUE_OK;
  }

  bool set_fragment(const std::string& fragment) {
    return curl_url_set(handle, CURLUPART_FRAGMENT, fragment.c_str(), CURLU_URLENCODE) == CURLUE_OK;
  }

  /// "" unless it is http or https.
  [[nodiscard]] std::string get() const {
    for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS}) {
      if (curl_url_set(handle, part, nullptr, 0) != CURLUE_OK) return {};
    }
    char* url = nullptr;
    if (curl_url_get(handle, CURLUPART_URL, &url, 0) != CURLUE_OK) return {};
    const std::unique_ptr<char, decltype(&curl_free)> owner{url, &curl_free};
    const std::string_view whole{url};
    if (!whole.starts_with("http://") && !whole.starts_with("https://")) return {};
    return std::string{whole};
  }

  CURLU* handle;
};

WebLinks::WebLinks(std::string_view base) {
  auto url = std::make_unique<Url>(curl_url());
  if (base.size() <= CleanHtmlLimits::kUrlBytes && url->set(without_ignored(base)) &&
      !url->get().empty()) {
    base_ = std::move(url);
  }
}

WebLinks::~WebLinks() = default;

std::string WebLinks::web(std::string_view written) const {
  if (written.size() > CleanHtmlLimits::kUrlBytes) return {};
  std::string url = without_ignored(written);
  if (url.find('\0') != std::string::npos) return {};
  const std::string scheme = scheme_of(url);
  turn_slashes(url);
  const bool absolute = scheme == "http:" || scheme == "https:";
  if (absolute) {
    // Browsers take any number of slashes for two.
    const std::size_t host = std::min(url.find_first_not_of('/', scheme.size()), url.size());
    url = scheme + "//" + url.substr(host);
  } else if (!scheme.empty() || !base_ || url.empty()) {
    return {};
  }
  Url resolved{absolute ? curl_url() : curl_url_dup(base_->handle)};
  // Not by libcurl's way of resolving, which would lose the end of the path.
  const bool place = url.starts_with('#');
  if (place ? !resolved.set_fragment(url.substr(1)) : !resolved.set(url)) return {};
  const std::string whole = resolved.get();
  // What it has made of it must mean the same to the next who reads it.
  Url again{curl_url()};
  if (whole.size() > CleanHtmlLimits::kUrlBytes || !again.set(whole) || again.get() != whole) {
    return {};
  }
  return whole;
}

std::string WebLinks::link(std::string_view written) const {
  if (written.size() > CleanHtmlLimits::kUrlBytes) return {};
  const std::string url = without_ignored(written);
  if (scheme_of(url) != kMailto) return web(written);
  const std::string address = mail(std::string_view{url}.substr(kMailto.size()));
  return address.size() <= CleanHtmlLimits::kUrlBytes ? address : std::string{};
}

std::string_view bare_url(std::string_view url) {
  for (const std::string_view scheme : {"https://", "http://", "mailto:"}) {
    if (!url.starts_with(scheme)) continue;
    url.remove_prefix(scheme.size());
    break;
  }
  if (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

}  // namespace pullwire::ingestor
