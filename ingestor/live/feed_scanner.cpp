#include "ingestor/live/feed_scanner.hpp"

#include <algorithm>

namespace pullwire::ingestor {
namespace {

constexpr std::string_view kBlanks = " \t\n";

bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool same_letters(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(),
                    [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

}  // namespace

FeedScanner::Token FeedScanner::next() {
  while (true) {
    begin_ = at_;
    if (at_ == text_.size()) return Token::Done;
    const std::string_view rest = text_.substr(at_);
    if (rest.front() != '<') return read_text();
    if (rest.starts_with("<!--")) {
      if (!pass(4, "-->")) return tear();
    } else if (rest.starts_with("<![CDATA[")) {
      constexpr std::size_t kOpening = 9;
      const std::size_t size = rest.find("]]>", kOpening);
      if (size == std::string_view::npos) return tear();
      content_ = rest.substr(kOpening, size - kOpening);
      at_ += size + 3;
      return Token::CData;
    } else if (rest.starts_with("<?")) {
      if (!pass(2, "?>")) return tear();
    } else if (rest.starts_with("<!")) {
      if (!pass_declaration()) return tear();
    } else if (rest.starts_with("</") && rest.size() > 2 && begins_name(rest[2])) {
      return read_end_tag();
    } else if (rest.size() > 1 && begins_name(rest[1])) {
      return read_start_tag();
    } else if (rest.size() == 1 || rest == "</") {
      return tear();
    } else {
      return read_text();
    }
  }
}

bool FeedScanner::pass(std::size_t from, std::string_view end) {
  const std::size_t place = text_.find(end, at_ + from);
  if (place == std::string_view::npos) return false;
  at_ = place + end.size();
  return true;
}

/// <!DOCTYPE …> with all that is declared in it.
bool FeedScanner::pass_declaration() {
  const std::size_t begin = at_;
  std::size_t depth = 0;
  while ((at_ = text_.find_first_of("<>\"'", at_)) != std::string_view::npos) {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("<!--")) {
      if (!pass(4, "-->")) break;
    } else if (rest.starts_with("<?")) {
      if (!pass(2, "?>")) break;
    } else if (rest.front() == '"' || rest.front() == '\'') {
      if (!pass(1, rest.substr(0, 1))) break;
    } else {
      ++at_;
      if (rest.front() == '<') ++depth;
      if (rest.front() == '>' && --depth == 0) {
        constexpr std::size_t kShown = 32;
        const std::string_view head = text_.substr(begin, std::min(kShown, at_ - begin));
        if (head.size() >= 14 && same_letters(head.substr(0, 14), "<!doctype html"))
          is_html_ = true;
        return true;
      }
    }
  }
  at_ = begin;
  return false;
}

FeedScanner::Token FeedScanner::read_text() {
  const std::size_t end = std::min(text_.find('<', at_ + 1), text_.size());
  content_ = text_.substr(at_, end - at_);
  at_ = end;
  return Token::Text;
}

FeedScanner::Token FeedScanner::read_end_tag() {
  const std::size_t end = text_.find_first_of("<>", at_ + 1);
  if (end == std::string_view::npos) return tear();
  const std::string_view inner = text_.substr(at_ + 2, end - at_ - 2);
  name_ = inner.substr(0, inner.find_first_of(" \t\n/"));
  content_ = {};
  at_ = text_[end] == '>' ? end + 1 : end;
  return Token::End;
}

/// A < before the end, be it in quotes, shows that the one at the front began no tag: XML has
/// none there. So no byte is scanned twice for one.
FeedScanner::Token FeedScanner::read_start_tag() {
  std::size_t end = at_ + 1;
  while ((end = text_.find_first_of("<>\"'", end)) != std::string_view::npos) {
    if (text_[end] == '>') break;
    if (text_[end] == '<') return read_text();
    // A quotation mark counts as one only where a value can begin.
    if (text_[text_.find_last_not_of(kBlanks, end - 1)] == '=') {
      const char* const ends = text_[end] == '"' ? "\"<" : "'<";
      end = text_.find_first_of(ends, end + 1);
      if (end == std::string_view::npos) break;
      if (text_[end] == '<') return read_text();
    }
    ++end;
  }
  if (end == std::string_view::npos) return tear();
  std::string_view inner = text_.substr(at_ + 1, end - at_ - 1);
  const bool empty = inner.ends_with('/');
  if (empty) inner.remove_suffix(1);
  const std::size_t name_size = std::min(inner.find_first_of(" \t\n/"), inner.size());
  name_ = inner.substr(0, name_size);
  content_ = inner.substr(name_size);
  at_ = end + 1;
  return empty ? Token::Empty : Token::Start;
}

FeedScanner::Token FeedScanner::tear() {
  torn_ = true;
  at_ = text_.size();
  return Token::Done;
}

bool AttributeScanner::next() {
  while (true) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n/"), rest_.size()));
    if (rest_.empty()) return false;
    const std::size_t size = std::min(rest_.find_first_of(" \t\n="), rest_.size());
    name_ = rest_.substr(0, size);
    rest_.remove_prefix(size);
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size()));
    if (!rest_.starts_with('=')) continue;  // without a value
    rest_.remove_prefix(1);
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size()));
    const bool quoted = rest_.starts_with('"') || rest_.starts_with('\'');
    const std::size_t begin = quoted ? 1 : 0;
    const std::size_t end = std::min(
        quoted ? rest_.find(rest_.front(), 1) : rest_.find_first_of(kBlanks), rest_.size());
    value_ = rest_.substr(begin, end - begin);
    rest_.remove_prefix(std::min(end + begin, rest_.size()));
    if (!name_.empty()) return true;
  }
}

}  // namespace pullwire::ingestor
