// Reads msgpack from strangers: one pass, no tree, no allocation beyond a reusable
// list of tokens, whatever sizes the input claims.
//
// Not thread-safe; each thread has its own reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pullwire::wire {

/// Goes through the values of one msgpack document in order. Every function returns
/// false, for good, once something is not what was asked for: check once at the end
/// with `finished()`.
class Reader {
 public:
  /// Most values in a document and most arrays in arrays.
  static constexpr std::size_t kMaxValues = 500'000;
  static constexpr std::size_t kMaxDepth = 6;

  /// Starts on `bytes`, which must live as long as the views read from them. False if
  /// they are not exactly one document of arrays, integers, strings, bytes, nils and
  /// booleans.
  bool start(std::string_view bytes);

  /// An array; what follows are its `size` elements.
  bool array(std::size_t& size);
  /// An array of at least `size` elements, of which `skip_to_end` passes over the rest:
  /// newer versions append.
  bool array_of_at_least(std::size_t size);
  /// Whether it has one more; the next value read is that.
  bool more();
  bool skip_to_end();

  bool number(std::uint64_t& value, std::uint64_t max = UINT64_MAX);
  bool integer(std::int64_t& value);
  bool nil_or_integer(bool& present, std::int64_t& value);
  bool text(std::string_view& value, std::size_t max_bytes);
  bool bytes(std::string_view& value, std::size_t max_bytes);

  /// Whether everything was as asked for, to the end.
  [[nodiscard]] bool finished() const noexcept { return ok_ && next_ == tokens_.size(); }
  [[nodiscard]] bool ok() const noexcept { return ok_; }

 private:
  friend class TokenVisitor;
  enum class Kind : std::uint8_t { Array, Positive, Negative, Text, Bytes, Nil, Other };
  /// As small as can be: a byte of input may be a token.
  struct Token {
    Kind kind;
    std::uint32_t size;  ///< of an array, a text or bytes
    union {
      std::uint64_t number;  ///< value, or bit pattern of a negative one
      const char* data;
    };
  };
  static_assert(sizeof(Token) == 16);

  const Token* take(Kind kind);
  bool fail() { return ok_ = false; }
  void skip_value();

  std::vector<Token> tokens_;
  std::vector<std::uint64_t> open_;  // arrays with `array_of_at_least`: surplus elements
  std::size_t next_ = 0;
  bool ok_ = false;
};

}  // namespace pullwire::wire
