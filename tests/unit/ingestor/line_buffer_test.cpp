#include "ingestor/sources/line_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "tests/catch.hpp"

using namespace pullwire::ingestor;

namespace {

constexpr std::size_t kMaxLine = LineBuffer::kMaxLine;

/// A line as "NUMBER@OFFSET:TEXT", long texts by their size, "!" if too long.
std::string describe(const LineBuffer::Line& line) {
  const std::string text =
      line.text.size() > 100 ? std::to_string(line.text.size()) + " bytes" : std::string{line.text};
  return std::to_string(line.number) + "@" + std::to_string(line.offset) + ":" +
         (line.too_long ? "!" : text);
}

struct Cutter {
  void feed(std::string_view bytes) {
    std::memcpy(buffer.reserve(bytes.size()), bytes.data(), bytes.size());
    buffer.commit(bytes.size());
    while (const auto line = buffer.next()) lines.push_back(describe(*line));
  }
  std::string rest() const {
    const auto line = buffer.rest();
    return line ? describe(*line) : "";
  }

  LineBuffer buffer;
  std::vector<std::string> lines;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("lines are the same wherever the blocks end", "[line_buffer]") {
  const std::string_view text = "a\n\nbcd\r\n e \nrest";
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      Cutter cutter;
      cutter.feed(text.substr(0, first));
      cutter.feed(text.substr(first, second - first));
      cutter.feed(text.substr(second));
      CHECK(cutter.lines == Lines{"1@0:a", "2@2:", "3@3:bcd\r", "4@8: e "});
      CHECK(cutter.rest() == "5@12:rest");
      CHECK(cutter.buffer.offset() == 12);
    }
  }
}

TEST_CASE("a line at the limit is given and a longer one passed over", "[line_buffer]") {
  const std::size_t block = GENERATE(as<std::size_t>{}, 1'000, 65'536, 5'000'000);
  const std::string text = std::string(kMaxLine, 'a') + "\nb\n" + std::string(kMaxLine + 1, 'c') +
                           "\nd\n" + std::string(3 * kMaxLine, 'e') + "\nf\n";
  Cutter cutter;
  for (std::size_t begin = 0; begin < text.size(); begin += block) {
    cutter.feed(std::string_view{text}.substr(begin, block));
  }
  const std::size_t c = kMaxLine + 3;
  const std::size_t d = c + kMaxLine + 2;
  const std::size_t f = d + 2 + 3 * kMaxLine + 1;
  CHECK(cutter.lines == Lines{"1@0:" + std::to_string(kMaxLine) + " bytes",
                              "2@" + std::to_string(kMaxLine + 1) + ":b",
                              "3@" + std::to_string(c) + ":!", "4@" + std::to_string(d) + ":d",
                              "5@" + std::to_string(d + 2) + ":!",
                              "6@" + std::to_string(f) + ":f"});
  CHECK(cutter.rest().empty());
  CHECK(cutter.buffer.offset() == text.size());
}

TEST_CASE("a line that never ends is told once and begins where it began", "[line_buffer]") {
  Cutter cutter;
  cutter.feed("a\n");
  const std::string block(65'536, 'x');
  for (int i = 0; i < 100; ++i) cutter.feed(block);
  CHECK(cutter.lines == Lines{"1@0:a", "2@2:!"});
  CHECK(cutter.buffer.offset() == 2);
  CHECK(cutter.rest().empty());
}

TEST_CASE("a restarted buffer counts from where it was told", "[line_buffer]") {
  Cutter cutter;
  cutter.feed(std::string(kMaxLine + 1, 'x'));
  cutter.buffer.restart(70, 7);
  cutter.feed("a\nb");
  CHECK(cutter.lines.back() == "7@70:a");
  CHECK(cutter.rest() == "8@72:b");
}
