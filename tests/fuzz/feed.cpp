// A feed: whatever it is, its posts are what posts may be.
// Its last byte chooses the content type.
#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>

#include "common/flow/check.hpp"
#include "common/model/post.hpp"
#include "common/ops/text.hpp"
#include "ingestor/live/feed_document.hpp"
#include "tests/fuzz/memory.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace pullwire;

constexpr std::size_t kOfItsParsers = 8 * 1024 * 1024;

bool has_control(std::string_view text, bool one_line) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 && (one_line || (byte != '\n' && byte != '\t'))) return true;
    if (byte == 0x7F) return true;
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      return true;
    }
  }
  return false;
}

void check_line(std::string_view text) {
  CHECK(is_utf8(text) && !has_control(text, true));
}

void check_url(std::string_view url) {
  check_line(url);
  CHECK(url.empty() || url.starts_with("http://") || url.starts_with("https://"));
}

void check_post(const ingestor::FoundPost& post) {
  CHECK(!post.id.empty());
  for (const std::string* line : {&post.id, &post.author, &post.author_name, &post.lang}) {
    check_line(*line);
  }
  check_url(post.url);
  CHECK(is_utf8(post.text) && !has_control(post.text, false));
  CHECK(is_utf8(post.html) && !has_control(post.html, false));
  CHECK(post.hashtags.size() <= PostLimits::kHashtags && post.media.size() <= PostLimits::kMedia);
  for (const std::string& tag : post.hashtags) {
    CHECK(!tag.empty());
    check_line(tag);
  }
  for (const ingestor::FoundMedia& medium : post.media) {
    CHECK(!medium.url.empty());
    check_url(medium.url);
    check_line(medium.alt);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(bytes), size};
  constexpr std::string_view kTypes[] = {"", "text/xml; charset=utf-8", "text/xml; charset=gb18030",
                                         "application/rss+xml; charset=\"windows-1251\""};
  const std::string_view type = kTypes[size > 0 ? bytes[size - 1] % 4U : 0];
  const fuzz::MemoryBound bound{fuzz::memory_for(size) + kOfItsParsers};
  try {
    const auto document = ingestor::read_feed(input, type, "https://example.org/feed/");
    std::unordered_set<std::string> ids;
    for (const ingestor::FoundPost& post : document.posts) {
      check_post(post);
      CHECK(ids.insert(post.id).second);
    }
    for (const auto& skipped : document.skipped) {
      CHECK(skipped.item > 0);
      check_line(skipped.why);
    }
    check_line(document.damage);
  } catch (const ingestor::NoFeed& error) {
    check_line(error.what());
    CHECK(error.what()[0] != '\0');
  }
  return 0;
}
