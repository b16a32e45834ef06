#include "ingestor/live/feed_encoding.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace pullwire::ingestor {
namespace {

constexpr std::size_t kLongestLabel = 32;

/// Its letters and digits, in lower case.
std::string bare(std::string_view label) {
  std::string plain;
  for (const char c : label.substr(0, kLongestLabel)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) plain += c;
    if (c >= 'A' && c <= 'Z') plain += static_cast<char>(c - 'A' + 'a');
  }
  return plain;
}

}  // namespace

std::optional<FeedEncoding> feed_encoding(std::string_view label) {
  const std::string plain = bare(label);
  struct Known {
    std::string_view label, name;
    bool two_bytes;
  };
  static constexpr auto kKnown = std::to_array<Known>({
      {"utf8", kUtf8Name, false},
      {"unicode11utf8", kUtf8Name, false},
      {"utf16", kUtf8Name, false},
      {"utf16le", kUtf8Name, false},  // then it were read as such
      {"utf16be", kUtf8Name, false},
      {"ascii", kWindows1252Name, false},
      {"usascii", kWindows1252Name, false},
      {"latin1", kWindows1252Name, false},
      {"iso88591", kWindows1252Name, false},
      {"latin2", "ISO-8859-2", false},
      {"latin5", "CP1254", false},
      {"iso88599", "CP1254", false},
      {"iso885911", "CP874", false},
      {"tis620", "CP874", false},
      {"windows874", "CP874", false},
      {"koi8r", "KOI8-R", false},
      {"koi8u", "KOI8-U", false},
      {"ibm866", "CP866", false},
      {"cp866", "CP866", false},
      {"macintosh", "MACINTOSH", false},
      {"shiftjis", "CP932", true},
      {"sjis", "CP932", true},
      {"xsjis", "CP932", true},
      {"windows31j", "CP932", true},
      {"cp932", "CP932", true},
      {"eucjp", "EUC-JP-MS", true},
      {"xeucjp", "EUC-JP-MS", true},
      {"iso2022jp", "ISO-2022-JP", true},
      {"gb2312", "GB18030", true},
      {"gbk", "GB18030", true},
      {"xgbk", "GB18030", true},
      {"gb18030", "GB18030", true},
      {"euccn", "GB18030", true},
      {"big5", "BIG5-HKSCS", true},
      {"big5hkscs", "BIG5-HKSCS", true},
      {"euckr", "CP949", true},
      {"ksc56011987", "CP949", true},
      {"cp949", "CP949", true},
      {"windows949", "CP949", true},
  });
  for (const Known& known : kKnown) {
    if (plain == known.label) return FeedEncoding{std::string{known.name}, known.two_bytes};
  }
  for (const std::string_view prefix : {"windows125", "cp125", "xcp125", "win125"}) {
    if (!plain.starts_with(prefix) || plain.size() != prefix.size() + 1) continue;
    if (plain.back() == '2') return FeedEncoding{std::string{kWindows1252Name}, false};
    if (plain.back() >= '0' && plain.back() <= '8') {
      return FeedEncoding{std::string{"CP125"} + plain.back(), false};
    }
  }
  if (plain.starts_with("iso8859")) {
    const std::string part = plain.substr(7);
    static constexpr auto kParts = std::to_array<std::string_view>(
        {"2", "3", "4", "5", "6", "7", "8", "10", "13", "14", "15", "16"});
    if (std::find(kParts.begin(), kParts.end(), part) != kParts.end()) {
      return FeedEncoding{"ISO-8859-" + part, false};
    }
  }
  return std::nullopt;
}

}  // namespace pullwire::ingestor
