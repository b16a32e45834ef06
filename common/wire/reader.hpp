// Reads msgpack from strangers: one pass, no tree, no allocation, whatever sizes the input
// claims. It is told what must be there, and makes no list of what is.
//
// Format: https://github.com/msgpack/msgpack/blob/master/spec.md. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pullwire::wire {

/// Goes through the values of one msgpack document in order. Every function returns
/// false, for good, once something is not what was asked for: check once at the end
/// with `finished()`. Takes arrays, integers, strings and bytes; nils and booleans only
/// where they may be, or are passed over.
class Reader {
 public:
  /// Most arrays in arrays, of those that may have a surplus.
  static constexpr std::size_t kMaxDepth = 6;

  /// Starts on `bytes`, which must live as long as the views read from them.
  void start(std::string_view bytes);

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

  /// Whether everything was as asked for, to the end of the document and of the bytes.
  [[nodiscard]] bool finished() const noexcept { return ok_ && at_ == end_; }
  [[nodiscard]] bool ok() const noexcept { return ok_; }

 private:
  enum class Kind : std::uint8_t { Array, Positive, Negative, Text, Bytes, Nil, Boolean };
  struct Head {
    Kind kind;
    std::uint64_t number;  ///< a value, or the bit pattern of a negative one; else a size
  };

  bool head(Head& head);
  bool number_of_bytes(Head& head, Kind kind, std::size_t count);
  bool take(Kind kind, std::uint64_t& number);
  bool view(Kind kind, std::string_view& value, std::size_t max_bytes);
  bool skip_value();
  bool fail() { return ok_ = false; }
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::array<std::uint64_t, kMaxDepth> open_{};  // `array_of_at_least`: surplus elements
  std::size_t depth_ = 0;                        // of `open_`
  bool ok_ = false;
};

}  // namespace pullwire::wire
