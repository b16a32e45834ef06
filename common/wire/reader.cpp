#include "common/wire/reader.hpp"

#include <algorithm>

#include <msgpack.hpp>

namespace pullwire::wire {

/// Turns what msgpack parses into tokens.
class TokenVisitor : public msgpack::null_visitor {
 public:
  TokenVisitor(Reader& reader, std::size_t input_bytes)
      : reader_{reader}, most_{std::min(input_bytes, Reader::kMaxValues)} {}

  bool visit_nil() { return add({Reader::Kind::Nil, 0, {0}}); }
  bool visit_boolean(bool value) { return add({Reader::Kind::Other, 0, {value}}); }
  bool visit_positive_integer(std::uint64_t value) {
    return add({Reader::Kind::Positive, 0, {value}});
  }
  bool visit_negative_integer(std::int64_t value) {
    if (value >= 0) return visit_positive_integer(static_cast<std::uint64_t>(value));  // int 8 … 64
    return add({Reader::Kind::Negative, 0, {static_cast<std::uint64_t>(value)}});
  }
  bool visit_float32(float) { return false; }
  bool visit_float64(double) { return false; }
  bool visit_str(const char* data, std::uint32_t size) {
    return add({Reader::Kind::Text, size, {.data = data}});
  }
  bool visit_bin(const char* data, std::uint32_t size) {
    return add({Reader::Kind::Bytes, size, {.data = data}});
  }
  bool visit_ext(const char*, std::uint32_t) { return false; }
  bool start_map(std::uint32_t) { return false; }
  bool start_array(std::uint32_t size) {
    return ++depth_ <= Reader::kMaxDepth && add({Reader::Kind::Array, size, {0}});
  }
  bool end_array() {
    --depth_;
    return true;
  }
  void parse_error(std::size_t, std::size_t) { failed_ = true; }
  void insufficient_bytes(std::size_t, std::size_t) { failed_ = true; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  bool add(Reader::Token token) {
    auto& tokens = reader_.tokens_;
    if (tokens.size() == most_) return false;
    // Twice as many, but no more than there can be: a token has a byte at least.
    if (tokens.size() == tokens.capacity()) {
      tokens.reserve(std::min(most_, 2 * tokens.size() + kFirstTokens));
    }
    tokens.push_back(token);
    return true;
  }

  static constexpr std::size_t kFirstTokens = 32;
  Reader& reader_;
  std::size_t most_;
  std::size_t depth_ = 0;
  bool failed_ = false;
};

bool Reader::start(std::string_view bytes) {
  tokens_.clear();
  open_.clear();
  next_ = 0;
  TokenVisitor visitor{*this, bytes.size()};
  std::size_t offset = 0;
  ok_ = !bytes.empty() && msgpack::parse(bytes.data(), bytes.size(), offset, visitor) &&
        !visitor.failed() && offset == bytes.size();
  return ok_;
}

const Reader::Token* Reader::take(Kind kind) {
  if (!ok_ || next_ >= tokens_.size() || tokens_[next_].kind != kind) {
    fail();
    return nullptr;
  }
  return &tokens_[next_++];
}

bool Reader::array(std::size_t& size) {
  const Token* token = take(Kind::Array);
  if (token == nullptr) return false;
  size = token->size;
  return true;
}

bool Reader::array_of_at_least(std::size_t size) {
  std::size_t actual = 0;
  if (!array(actual)) return false;
  if (actual < size) return fail();
  open_.push_back(actual - size);
  return true;
}

bool Reader::more() {
  if (!ok_ || open_.empty() || open_.back() == 0) return false;
  --open_.back();
  return true;
}

bool Reader::skip_to_end() {
  if (!ok_ || open_.empty()) return fail();
  for (std::uint64_t surplus = open_.back(); surplus > 0 && ok_; --surplus) skip_value();
  open_.pop_back();
  return ok_;
}

void Reader::skip_value() {
  for (std::uint64_t values = 1; values > 0; --values) {
    if (next_ >= tokens_.size()) {
      fail();
      return;
    }
    const Token& token = tokens_[next_++];
    if (token.kind == Kind::Array) values += token.size;
  }
}

bool Reader::number(std::uint64_t& value, std::uint64_t max) {
  const Token* token = take(Kind::Positive);
  if (token == nullptr) return false;
  if (token->number > max) return fail();
  value = token->number;
  return true;
}

bool Reader::integer(std::int64_t& value) {
  if (ok_ && next_ < tokens_.size() && tokens_[next_].kind == Kind::Negative) {
    value = static_cast<std::int64_t>(tokens_[next_++].number);
    return true;
  }
  std::uint64_t positive = 0;
  if (!number(positive, INT64_MAX)) return false;
  value = static_cast<std::int64_t>(positive);
  return true;
}

bool Reader::nil_or_integer(bool& present, std::int64_t& value) {
  present = !(ok_ && next_ < tokens_.size() && tokens_[next_].kind == Kind::Nil);
  if (present) return integer(value);
  ++next_;
  return true;
}

bool Reader::text(std::string_view& value, std::size_t max_bytes) {
  const Token* token = take(Kind::Text);
  if (token == nullptr) return false;
  if (token->size > max_bytes) return fail();
  value = {token->data, token->size};
  return true;
}

bool Reader::bytes(std::string_view& value, std::size_t max_bytes) {
  const Token* token = take(Kind::Bytes);
  if (token == nullptr) return false;
  if (token->size > max_bytes) return fail();
  value = {token->data, token->size};
  return true;
}

}  // namespace pullwire::wire
