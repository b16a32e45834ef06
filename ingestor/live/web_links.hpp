// Which URLs a stranger's document may link to.
//
// Not thread-safe; of several threads each takes its own.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace pullwire::ingestor {

class WebLinks {
 public:
  /// `base`: what relative links are relative to; "" or no http(s) URL: they are none.
  explicit WebLinks(std::string_view base);
  ~WebLinks();
  WebLinks(const WebLinks&) = delete;
  WebLinks& operator=(const WebLinks&) = delete;

  /// The absolute URL that a browser would follow, if it is http or https (then without a
  /// user's name or password) or mailto; "" if it is anything else, or too long. `written`
  /// is the attribute's value, its entities decoded.
  [[nodiscard]] std::string link(std::string_view written) const;
  /// The same, http and https alone.
  [[nodiscard]] std::string web(std::string_view written) const;

 private:
  struct Url;
  std::unique_ptr<Url> base_;
};

/// The URL without "http://", "https://" or "mailto:" and without a slash at its end: what
/// people write for it.
std::string_view bare_url(std::string_view url);

}  // namespace pullwire::ingestor
