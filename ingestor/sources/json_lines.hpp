// Gives a sink the posts of a stream of JSON lines.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/model/post_parser.hpp"
#include "ingestor/sources/line_buffer.hpp"
#include "ingestor/sources/source.hpp"

namespace pullwire::ingestor {

/// Where a line begins. As text "OFFSET:LINE:TURN".
struct Place {
  std::uint64_t offset = 0;  ///< bytes into the text
  std::uint64_t line = 1;    ///< its number
  std::uint64_t turn = 0;    ///< how often reading began anew before

  std::string text() const;
  static std::optional<Place> parse(std::string_view text);

  friend bool operator==(const Place&, const Place&) = default;
};

/// Use: write at most `count` bytes to `reserve(count)`, `commit` them, `deliver`;
/// when no more comes, `finish`.
///
/// Blank lines are passed over, a byte order mark at the beginning and a carriage return
/// before a newline too. A line that is no post is told to the sink as "LABEL:LINE".
class JsonLines {
 public:
  /// `source` is the posts' source; what is skipped is told under `label`.
  JsonLines(std::string source, std::string label);

  char* reserve(std::size_t count) { return lines_.reserve(count); }
  void commit(std::size_t count) { lines_.commit(count); }

  /// Gives all whole lines. Their `ingested_at` is the wall clock's time.
  void deliver(Sink& sink);

  /// Gives the last line, which has no newline. If it is no post, `place` stays at
  /// its beginning: it may be complete next time.
  void finish(Sink& sink);

  /// The beginning of the first line that was not given.
  Place place() const { return {lines_.offset(), lines_.number(), turn_}; }

  /// Forgets what was not given; the next byte stands at `place`.
  void restart(const Place& place);

 private:
  /// Returns whether the line was a post.
  bool give(const LineBuffer::Line& line, Timestamp now, Sink& sink);
  void skip(const LineBuffer::Line& line, std::string_view why, Sink& sink);

  std::string label_;
  LineBuffer lines_;
  PostParser parser_;
  std::uint64_t turn_ = 0;
};

}  // namespace pullwire::ingestor
