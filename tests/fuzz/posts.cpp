// A file of JSON lines: however its bytes are cut into blocks, the same lines are posts and the
// same are skipped; what is taken for a post is valid JSON, and the next stage can read it.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "common/flow/check.hpp"
#include "common/wire/events.hpp"
#include "ingestor/sources/json_lines.hpp"
#include "tests/fuzz/memory.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace pullwire;

struct Deaf : ingestor::Sink {
  void requested() override {}
  void post(const Post&, const ingestor::Traits&, std::string_view) override {}
  void skipped(std::string_view, std::string_view) override {}
  void old(std::string_view) override {}
  void error(std::string_view) override {}
  void works() override {}
  void moved() override {}
};

struct Told : ingestor::Sink {
  void requested() override {}
  void post(const Post& post, const ingestor::Traits&, std::string_view position) override {
    Post timeless = post;
    timeless.ingested_at = {};
    posts.push_back(wire::encode_post(timeless));
    positions.emplace_back(position);
  }
  void skipped(std::string_view where, std::string_view why) override {
    CHECK(!why.empty());
    skips.emplace_back(where);
  }
  void old(std::string_view) override { CHECK(false); }
  void error(std::string_view) override { CHECK(false); }
  void works() override { CHECK(false); }
  void moved() override { CHECK(false); }

  std::vector<std::string> posts;
  std::vector<std::string> positions;
  std::vector<std::string> skips;
};

void read(std::string_view input, std::size_t block, ingestor::Sink& sink) {
  ingestor::JsonLines lines{"fuzz", "input"};
  for (std::size_t at = 0; at < input.size(); at += block) {
    const std::string_view piece = input.substr(at, block);
    std::copy(piece.begin(), piece.end(), lines.reserve(block));
    lines.commit(piece.size());
    lines.deliver(sink);
  }
  lines.finish(sink);
  CHECK(lines.place().offset <= input.size());
}

/// The parser that checks everything agrees on what was read at `position`.
void compare(std::string_view input, const std::string& position, const std::string& bytes) {
  Post post;
  CHECK(wire::decode_post(bytes, post));
  const auto place = ingestor::Place::parse(position);
  CHECK(place && place->offset < input.size());
  std::string_view line = input.substr(place->offset);
  line = line.substr(0, line.find('\n'));
  if (place->offset == 0 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);

  simdjson::dom::parser parser;
  simdjson::dom::object object;
  const auto error = parser.parse(simdjson::padded_string{line}).get(object);
  if (error == simdjson::NUMBER_ERROR) return;  // too large for it; a post's id is any digits
  CHECK(error == simdjson::SUCCESS);
  std::string_view id;
  std::string_view text;
  for (const auto field : object) {
    if (field.key == "text") CHECK(field.value.get(text) == simdjson::SUCCESS);
    if (field.key == "id" && field.value.get(id) != simdjson::SUCCESS) id = {};  // a number
  }
  CHECK(text == post.text);
  CHECK(post.post_id.starts_with("fuzz:"));
  CHECK(id.empty() || id == post.post_id.substr(5));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(bytes), size};
  const std::size_t block = 1 + (size > 0 ? bytes[0] % 61U : 0);
  {
    const fuzz::MemoryBound bound{fuzz::memory_for(size)};
    Deaf deaf;
    read(input, size, deaf);
  }
  Told whole;
  read(input, size, whole);
  Told pieces;
  read(input, block, pieces);
  CHECK(whole.posts == pieces.posts);
  CHECK(whole.positions == pieces.positions);
  CHECK(whole.skips == pieces.skips);
  for (std::size_t i = 0; i < whole.posts.size(); ++i) {
    compare(input, whole.positions[i], whole.posts[i]);
  }
  return 0;
}
