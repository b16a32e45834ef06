#include "common/wire/events.hpp"

#include "tests/catch.hpp"

using namespace pullwire;
using namespace pullwire::wire;

namespace {

Post rich_post() {
  Post post;
  post.post_id = "mastodon/example.org:1:2";
  post.source = "mastodon/example.org";
  post.author = "ada";
  post.author_name = "Ada Ł.";
  post.created_at = Timestamp{-1};
  post.lang = "pl";
  post.url = "https://example.org/1";
  post.text = "Zażółć #gęślą";
  post.hashtags = {"gęślą", ""};
  post.media = {{"image", "https://example.org/1.png", "a picture"}, {"", "u", ""}};
  post.ingested_at = Timestamp{1'795'455'775'123'456};
  return post;
}

const std::string kId(PostLimits::kIdBytes, 'i');
const std::string kField(PostLimits::kFieldBytes, 'f');
const std::string kName(PostLimits::kNameBytes, 'n');
const std::string kText(PostLimits::kTextBytes, 't');
const std::string kHtml(PostLimits::kHtmlBytes, 'h');

/// The largest that the limits allow.
Post largest_post() {
  Post post;
  post.post_id = kId;
  post.source = post.author = post.author_name = post.lang = post.url = kField;
  post.text = kText;
  post.hashtags.assign(PostLimits::kHashtags, kField);
  post.media.assign(PostLimits::kMedia, Media{kField, kField, kField});
  post.refused = kField;
  post.html = kHtml;
  post.pending.assign(PostLimits::kPending, Pending{kName, kName, UINT32_MAX});
  return post;
}

Publication rich_publication() {
  Publication publication;
  publication.post_id = "file:1";
  publication.target = "site";
  publication.format = "html";
  publication.status = Status::Deferred;
  publication.attempts = 3;
  publication.redelivered = true;
  publication.location = "site/1.html";
  publication.error = "503";
  publication.retry_at = Timestamp{5};
  publication.ingested_at = Timestamp{1};
  publication.rendered_at = Timestamp{2};
  publication.published_at = Timestamp{3};
  publication.post = "bytes";
  return publication;
}

std::string encoded(const Publication& publication) {
  std::string bytes;
  encode_publication(publication, bytes);
  return bytes;
}

}  // namespace

TEST_CASE("a post reads back as it was written", "[events]") {
  Post empty;
  empty.post_id = "x:1";
  Post refused = rich_post();
  refused.refused = "too large: text of 524289 bytes, at most 524288";
  Post with_html = rich_post();
  with_html.html = "<p>Za<b>żółć</b></p>";
  Post with_both = refused;
  with_both.html = with_html.html;
  Post replayed = rich_post();
  replayed.pending = {{"site", "html", 3}, {"hook", "pdf", 0}};
  for (const Post& post : {rich_post(), empty, refused, with_html, with_both, replayed}) {
    const std::string bytes = encode_post(post);
    Post read = rich_post();  // what was there before is gone
    read.refused = read.html = "before";
    read.pending = {{"before", "before", 1}};
    REQUIRE(decode_post(bytes, read));
    const bool same = read == post;
    CHECK(same);
  }
}

TEST_CASE("a post without an id is refused", "[events]") {
  Post post = rich_post();
  post.post_id = "";
  const std::string bytes = encode_post(post);
  CHECK_FALSE(decode_post(bytes, post));
}

TEST_CASE("a post beyond its limits is refused", "[events]") {
  const auto accepted = [](auto change) {
    Post post = largest_post();
    change(post);
    const std::string bytes = encode_post(post);
    return decode_post(bytes, post);
  };
  const std::string id = kId + "i";
  const std::string field = kField + "f";
  const std::string text = kText + "t";
  const std::string html = kHtml + "h";
  CHECK(accepted([](Post&) {}));
  CHECK_FALSE(accepted([&](Post& post) { post.post_id = id; }));
  CHECK_FALSE(accepted([&](Post& post) { post.author = field; }));
  CHECK_FALSE(accepted([&](Post& post) { post.text = text; }));
  CHECK_FALSE(accepted([&](Post& post) { post.html = html; }));
  CHECK_FALSE(accepted([&](Post& post) { post.hashtags[9] = field; }));
  CHECK_FALSE(accepted([&](Post& post) { post.hashtags.emplace_back("one more"); }));
  CHECK_FALSE(accepted([&](Post& post) { post.media[9].alt = field; }));
  CHECK_FALSE(accepted([&](Post& post) { post.media.emplace_back(); }));
  CHECK_FALSE(accepted([&](Post& post) { post.pending.emplace_back(); }));
  const std::string name = kName + "n";
  CHECK_FALSE(accepted([&](Post& post) { post.pending[9].format = name; }));
}

TEST_CASE("a post without HTML takes no byte for it", "[events]") {
  Post post = rich_post();
  const std::string without = encode_post(post);
  post.html = "x";
  // The count of elements, no reason for a refusal, the HTML and its head.
  CHECK(encode_post(post).size() == without.size() + 1 + 2);
}

TEST_CASE("a publication reads back as it was written", "[events]") {
  const std::string bytes = encoded(rich_publication());
  Publication read;
  REQUIRE(decode_publication(bytes, read));
  CHECK(read.post_id == "file:1");
  CHECK(read.target == "site");
  CHECK(read.format == "html");
  CHECK(read.status == Status::Deferred);
  CHECK(read.attempts == 3);
  CHECK(read.redelivered);
  CHECK(read.location == "site/1.html");
  CHECK(read.error == "503");
  CHECK(read.retry_at->micros == 5);
  CHECK(read.ingested_at.micros == 1);
  CHECK(read.rendered_at.micros == 2);
  CHECK(read.published_at.micros == 3);
  CHECK(read.post == "bytes");
}

TEST_CASE("publications are appended", "[events]") {
  std::string bytes{"before"};
  encode_publication(rich_publication(), bytes);
  CHECK(bytes == "before" + encoded(rich_publication()));
}

TEST_CASE("a publication carries the largest post that there can be", "[events]") {
  const std::string post = encode_post(largest_post());
  Publication publication = rich_publication();
  publication.post = post;
  const std::string bytes = encoded(publication);
  Publication read;
  REQUIRE(decode_publication(bytes, read));
  CHECK(read.post.size() == post.size());
}

TEST_CASE("a long reason of a failure is cut, not its record refused", "[events]") {
  std::string reason;
  while (reason.size() <= PostLimits::kFieldBytes) reason += "€";
  Publication publication = rich_publication();
  publication.error = reason;
  const std::string bytes = encoded(publication);
  Publication read;
  REQUIRE(decode_publication(bytes, read));
  CHECK(read.error.size() == PostLimits::kFieldBytes / 3 * 3);
}

TEST_CASE("events that are cut or damaged are survived", "[events]") {
  Post post;
  Publication publication;
  Post with_html = rich_post();
  with_html.html = "<p>x</p>";
  for (const std::string& valid :
       {encode_post(rich_post()), encode_post(with_html), encoded(rich_publication())}) {
    for (std::size_t size = 0; size < valid.size(); ++size) {
      const std::vector<char> exact{valid.begin(), valid.begin() + static_cast<long>(size)};
      CHECK_FALSE(decode_post({exact.data(), size}, post));
      CHECK_FALSE(decode_publication({exact.data(), size}, publication));
    }
    for (std::size_t bit = 0; bit < valid.size() * 8; ++bit) {
      std::string bytes = valid;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
      (void)decode_post(bytes, post);
      (void)decode_publication(bytes, publication);
    }
  }
}

TEST_CASE("a publication's front and its post's bytes are the publication", "[wire]") {
  Publication publication;
  publication.post_id = "file:1";
  publication.target = "site";
  publication.format = "html";
  publication.post = "the bytes of a post";
  std::string whole;
  encode_publication(publication, whole);
  std::string front;
  encode_publication_front(publication, front);
  CHECK(front + std::string{publication.post} == whole);
}
