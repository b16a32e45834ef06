#include "ingestor/live/feed_document.hpp"

#include <algorithm>

#include "ingestor/live/feed_charset.hpp"
#include "ingestor/live/feed_json.hpp"
#include "ingestor/live/feed_xml.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::size_t kSniffedBytes = 1024;

/// What has bytes that no text has, or begins as a file of another kind.
void refuse_binary(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\x1F\x8B"sv)) {
    throw NoFeed{"is compressed and does not say so: the server must send Content-Encoding: gzip"};
  }
  const auto head = bytes.substr(0, kSniffedBytes);
  const bool wide = head.starts_with("\xFF\xFE"sv) || head.starts_with("\xFE\xFF"sv) ||
                    head.substr(0, 2) == "<\0"sv || head.substr(0, 2) == "\0<"sv ||
                    head.substr(0, 2) == "{\0"sv || head.substr(0, 2) == "\0{"sv;
  // Some generators leave zeros in their text.
  const std::size_t first = head.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  const bool text = first != std::string_view::npos && (head[first] == '<' || head[first] == '{');
  if (!wide && !text && head.find('\0') != std::string_view::npos) {
    throw NoFeed{"is a binary file, not a feed: give the URL of an RSS, Atom or JSON feed"};
  }
}

}  // namespace

FeedDocument read_feed(std::string_view bytes, std::string_view content_type,
                       std::string_view url) {
  if (bytes.size() > kMostFeedBytes) {
    throw NoFeed{"has " + std::to_string(bytes.size()) + " bytes, at most " +
                 std::to_string(kMostFeedBytes) + " are read"};
  }
  refuse_binary(bytes);
  const DecodedText decoded = decode_text(bytes, content_type);
  const std::string_view text = decoded.text;
  const std::size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) {
    throw NoFeed{decoded.damage.empty() ? "is empty: look at what is there with a browser"
                                        : "cannot be read: " + decoded.damage};
  }
  FeedDocument document =
      text[first] == '{' ? read_json_feed(text.substr(first), url) : FeedXml{text, url}.read();
  if (document.damage.empty()) document.damage = decoded.damage;
  return document;
}

}  // namespace pullwire::ingestor
