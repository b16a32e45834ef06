#include "ingestor/live/feed_charset.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>

#include <iconv.h>
#include <utf8proc.h>

#include "common/ops/text.hpp"
#include "ingestor/live/feed_encoding.hpp"
#include "ingestor/live/feed_references.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::size_t kDeclarationBytes = 256;

bool is_plain(char c) {
  return (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F) ||
         c == '\t' || c == '\n';
}

/// Size of the character at the front of `text`; 0 if there is none.
std::size_t character_size(std::string_view text) {
  utf8proc_int32_t character = 0;
  const auto size = utf8proc_iterate(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
      static_cast<utf8proc_ssize_t>(std::min<std::size_t>(text.size(), 4)), &character);
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

std::size_t plain_size(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_plain) -
                                  text.begin());
}

/// How many bytes at the front of `text` begin a character that is not completed.
std::size_t torn_size(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4) return 1;
  std::size_t size = 1;
  while (size < std::min(wanted, text.size()) &&
         (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
    ++size;
  }
  return std::min(size, wanted - 1);
}

/// Takes text in pieces that end between characters.
class Cleaner {
 public:
  enum class Broken { Replaced, Windows1252 };  // what a byte that is not UTF-8 becomes

  Cleaner(std::size_t size, Broken broken) : broken_{broken} { out_.reserve(size); }

  void add(std::string_view text) {
    while (!text.empty()) {
      const std::size_t plain = plain_size(text);
      if (plain > 0) {
        const bool second_of_pair = after_return_ && text.front() == '\n';
        out_.append(text.substr(second_of_pair ? 1 : 0, plain - (second_of_pair ? 1 : 0)));
        after_return_ = false;
        text.remove_prefix(plain);
        continue;
      }
      text.remove_prefix(add_odd(text));
    }
  }

  std::string take() { return std::move(out_); }

 private:
  /// Adds the character at the front, which is not plain. Returns how many bytes it took.
  std::size_t add_odd(std::string_view text) {
    const auto front = static_cast<unsigned char>(text.front());
    after_return_ = front == '\r';
    if (after_return_) out_ += '\n';
    if (front < 0x80) return 1;
    const std::size_t size = character_size(text);
    if (size > 0) {
      if (front != 0xC2 || static_cast<unsigned char>(text[1]) >= 0xA0) {
        out_.append(text.substr(0, size));
      }
      return size;
    }
    const std::size_t torn = torn_size(text);
    if (broken_ == Broken::Replaced || torn > 1) {
      out_.append(kReplacement);
    } else {
      append_character(front < 0xA0 ? windows_1252(front) : front, out_);
    }
    return torn;
  }

  std::string out_;
  Broken broken_;
  bool after_return_ = false;
};

/// What the bytes look like as UTF-8.
struct Evidence {
  std::size_t characters = 0;  // of more than one byte
  std::size_t long_ones = 0;   // of more than two
  std::size_t broken = 0;      // places where it is none
};

Evidence examine(std::string_view bytes) {
  Evidence evidence;
  while (!bytes.empty()) {
    const auto front = static_cast<unsigned char>(bytes.front());
    if (front < 0x80) {
      const auto end = std::find_if(bytes.begin(), bytes.end(),
                                    [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
      bytes.remove_prefix(static_cast<std::size_t>(end - bytes.begin()));
      continue;
    }
    const std::size_t size = character_size(bytes);
    if (size == 0) {
      ++evidence.broken;
      bytes.remove_prefix(torn_size(bytes));
      continue;
    }
    ++evidence.characters;
    if (size > 2) ++evidence.long_ones;
    bytes.remove_prefix(size);
  }
  return evidence;
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// The value behind `key` and "=", with or without quotes; "" if there is none.
std::string_view value_of(std::string_view text, std::string_view key) {
  const std::size_t at = lower(text).find(key);
  if (at == std::string::npos) return {};
  text.remove_prefix(at + key.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  if (!text.starts_with('=')) return {};
  text.remove_prefix(std::min(text.find_first_not_of("= \t\"'"), text.size()));
  return text.substr(0, text.find_first_of(" \t\"';,?>"));
}

std::string_view declared(std::string_view bytes) {
  const auto head = bytes.substr(0, kDeclarationBytes);
  const std::size_t begin = head.find("<?xml");
  if (begin == std::string_view::npos) return {};
  return value_of(head.substr(begin, head.find("?>", begin) - begin), "encoding");
}

class Converter {
 public:
  explicit Converter(const std::string& from) : handle_{iconv_open("UTF-8", from.c_str())} {}
  ~Converter() {
    if (good()) iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  bool good() const { return handle_ != reinterpret_cast<iconv_t>(-1); }

  /// Gives the text to `cleaner`, U+FFFD for each `unit` bytes that are none. False if there
  /// are more than `most_broken` of them.
  bool convert(std::string_view bytes, std::size_t unit, std::size_t most_broken,
               Cleaner& cleaner) {
    std::array<char, 16 * 1024> buffer{};
    char* input = const_cast<char*>(bytes.data());  // iconv does not write there
    std::size_t left = bytes.size();
    for (std::size_t broken = 0; left > 0;) {
      char* output = buffer.data();
      std::size_t room = buffer.size();
      const std::size_t result = iconv(handle_, &input, &left, &output, &room);
      const int error = errno;
      cleaner.add({buffer.data(), buffer.size() - room});
      if (result != static_cast<std::size_t>(-1)) break;
      if (error == E2BIG) continue;
      cleaner.add(kReplacement);
      if (error != EILSEQ) break;  // ends in the middle of a character
      if (++broken > most_broken) return false;
      const std::size_t skip = std::min(unit, left);
      input += skip;
      left -= skip;
    }
    return true;
  }

 private:
  iconv_t handle_;
};

DecodedText as_utf8(std::string_view bytes, const Evidence& evidence) {
  // A single torn character is no sign of another encoding; more of them than of whole ones are.
  const bool other = evidence.broken > evidence.characters;
  if (other) {
    Cleaner cleaner{bytes.size() + bytes.size() / 8, Cleaner::Broken::Windows1252};
    for (std::size_t i = 0; i < bytes.size();) {
      const std::size_t plain = plain_size(bytes.substr(i));
      cleaner.add(bytes.substr(i, plain));
      i += plain;
      if (i == bytes.size()) break;
      const auto byte = static_cast<unsigned char>(bytes[i++]);
      std::string character;
      append_character(byte >= 0x80 && byte < 0xA0 ? windows_1252(byte) : byte, character);
      cleaner.add(byte == '\r' ? "\r" : std::string_view{character});
    }
    return {cleaner.take(), "it is not UTF-8, and was read as windows-1252"};
  }
  Cleaner cleaner{bytes.size(), Cleaner::Broken::Windows1252};
  cleaner.add(bytes);
  if (evidence.broken == 0) return {cleaner.take(), {}};
  return {cleaner.take(), "at " + std::to_string(evidence.broken) + " places it is not UTF-8"};
}

std::optional<std::string> convert(std::string_view bytes, const std::string& from,
                                   std::size_t unit) {
  Converter converter{from};
  if (!converter.good()) return std::nullopt;
  Cleaner cleaner{bytes.size(), Cleaner::Broken::Replaced};
  if (!converter.convert(bytes, unit, 100 + bytes.size() / 64, cleaner)) return std::nullopt;
  return cleaner.take();
}

/// UTF-16 by its byte order mark, or by the zero bytes around its first sign.
std::string_view wide_encoding(std::string_view& bytes) {
  using namespace std::string_view_literals;
  for (const auto& [mark, name] :
       {std::pair{"\xFF\xFE"sv, "UTF-16LE"sv}, {"\xFE\xFF"sv, "UTF-16BE"sv}}) {
    if (!bytes.starts_with(mark)) continue;
    bytes.remove_prefix(mark.size());
    return name;
  }
  if (bytes.starts_with("<\0"sv) || bytes.starts_with("{\0"sv)) return "UTF-16LE";
  if (bytes.starts_with("\0<"sv) || bytes.starts_with("\0{"sv)) return "UTF-16BE";
  return {};
}

}  // namespace

DecodedText decode_text(std::string_view bytes, std::string_view content_type) {
  if (const auto wide = wide_encoding(bytes); !wide.empty()) {
    if (auto text = convert(bytes, std::string{wide}, 2)) return {std::move(*text), {}};
    return {{}, "it begins as " + std::string{wide} + " and is not"};
  }
  const bool marked = bytes.starts_with("\xEF\xBB\xBF");
  if (marked) bytes.remove_prefix(3);
  const Evidence evidence = examine(bytes);
  std::string_view label = marked ? kUtf8Name : value_of(content_type, "charset");
  if (label.empty() || !feed_encoding(label)) {
    if (const auto other = declared(bytes); !other.empty()) label = other;
  }
  if (label.empty()) label = kUtf8Name;
  const auto encoding = feed_encoding(label);
  if (!encoding) {
    DecodedText result = as_utf8(bytes, evidence);
    if (evidence.characters + evidence.broken > 0) {
      result.damage = "it is in an encoding that is not known, " + in_quotes(label);
    }
    return result;
  }
  // Text of one byte a character practically never makes a whole document of valid UTF-8; in
  // one of two bytes a few characters can.
  const bool is_utf8_anyway =
      evidence.broken == 0 &&
      (encoding->two_bytes ? evidence.long_ones >= 8 : evidence.characters > 0);
  const bool is_ascii =
      evidence.characters == 0 && evidence.broken == 0 && encoding->name != "ISO-2022-JP";
  if (encoding->name == kUtf8Name || is_utf8_anyway || is_ascii) return as_utf8(bytes, evidence);
  if (encoding->name == kWindows1252Name) {
    return {as_utf8(bytes, {.broken = 1}).text, {}};
  }
  if (auto text = convert(bytes, encoding->name, 1)) return {std::move(*text), {}};
  DecodedText result = as_utf8(bytes, evidence);
  result.damage = "it is not in the encoding that it names, " + in_quotes(label);
  return result;
}

std::string without_controls(std::string_view text) {
  Cleaner cleaner{text.size(), Cleaner::Broken::Replaced};
  cleaner.add(text);
  return cleaner.take();
}

}  // namespace pullwire::ingestor
