#include "ingestor/live/json_outline.hpp"

#include <algorithm>

namespace pullwire::ingestor {

bool JsonOutline::next() {
  pass_blanks_and(',');
  if (cut() || text_[at_] == ']' || text_[at_] == '}') return false;
  auto value = take_value();
  if (value && text_.front() == '{') {
    key_ = *value;
    pass_blanks_and(':');
    value = take_value();
  }
  if (!value) return false;
  value_ = *value;
  return true;
}

void JsonOutline::pass_blanks_and(char sign) {
  while (!cut() &&
         (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == sign)) {
    ++at_;
  }
}

/// Nothing if the text ends in it.
std::optional<std::string_view> JsonOutline::take_value() {
  const std::size_t begin = at_;
  std::size_t depth = 0;
  while (!cut()) {
    const char c = text_[at_];
    if (c == '"') {
      if (!pass_string()) return std::nullopt;
    } else if (c == '{' || c == '[') {
      ++depth;
      ++at_;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
      ++at_;
    } else if (depth > 0) {
      at_ = std::min(text_.find_first_of("\"{}[]", at_), text_.size());
      continue;
    } else {  // a number or a word, or what is none: up to what can follow a value
      at_ = std::min(text_.find_first_of(",:]}[{\" \t\n", at_ + 1), text_.size());
    }
    if (depth == 0) return text_.substr(begin, at_ - begin);
  }
  return std::nullopt;
}

/// False if the text ends in it.
bool JsonOutline::pass_string() {
  ++at_;
  while ((at_ = text_.find_first_of("\"\\", at_)) != std::string_view::npos) {
    if (text_[at_] == '"') {
      ++at_;
      return true;
    }
    at_ += 2;
  }
  at_ = text_.size();
  return false;
}

}  // namespace pullwire::ingestor
