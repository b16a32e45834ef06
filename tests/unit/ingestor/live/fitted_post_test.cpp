#include "ingestor/live/fitted_post.hpp"

#include "common/wire/events.hpp"
#include "tests/catch.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;

namespace {

const std::string kSource = "feed/https://example.org/feed";

FoundPost found_post() {
  FoundPost found;
  found.id = "1";
  found.text = "Hello";
  found.html = "<p>Hello</p>";
  return found;
}

}  // namespace

TEST_CASE("a post's HTML travels with it where it is not too long", "[fitted_post]") {
  FoundPost found = found_post();
  CHECK(FittedPost(kSource, found, {}).post().html == "<p>Hello</p>");
  found.html.assign(PostLimits::kHtmlBytes, 'h');
  CHECK(FittedPost(kSource, found, {}).post().html == found.html);
  found.html += 'h';
  const FittedPost fitted{kSource, found, {}};
  CHECK(fitted.post().html.empty());
  CHECK(fitted.post().text == "Hello");
  CHECK(fitted.post().refused.empty());
}

TEST_CASE("a post beyond every limit can be sent, refused and without HTML", "[fitted_post]") {
  FoundPost found = found_post();
  const std::string field(PostLimits::kFieldBytes + 1, 'f');
  found.id = found.author = found.author_name = found.lang = found.url = field;
  found.text.assign(PostLimits::kTextBytes + 1, 't');
  found.hashtags.assign(PostLimits::kHashtags + 1, "tag");
  found.media.assign(PostLimits::kMedia + 1, FoundMedia{"image", "https://example.org/1", field});
  const FittedPost fitted{kSource, found, {}};
  CHECK(fitted.post().refused == "too large: text of 524289 bytes, at most 524288");
  CHECK(fitted.post().html.empty());
  const std::string bytes = wire::encode_post(fitted.post());
  Post read;
  REQUIRE(wire::decode_post(bytes, read));
  const bool same = read == fitted.post();
  CHECK(same);
}
