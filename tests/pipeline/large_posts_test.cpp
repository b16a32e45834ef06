// Posts at the limits pass; posts beyond them end as failed, with the reason.
#include "common/model/post.hpp"
#include "tests/catch.hpp"
#include "tests/pipeline/support.hpp"

namespace pullwire::tests {
namespace {

std::string quoted(std::size_t bytes, char letter) {
  return '"' + std::string(bytes, letter) + '"';
}

std::string list_of(std::size_t count, const std::string& element) {
  std::string list = "[" + element;
  for (std::size_t i = 1; i < count; ++i) list += "," + element;
  return list + "]";
}

/// Every field at its limit.
std::string largest_line() {
  constexpr std::size_t kField = PostLimits::kFieldBytes;
  const std::string field = quoted(kField, 'f');
  std::string words;
  while (words.size() + 8 <= PostLimits::kTextBytes) words += "letters ";
  return R"({"id":)" + quoted(PostLimits::kIdBytes - 5, 'i') + R"(,"text":")" + words +
         R"(","author":)" + field + R"(,"author_name":)" + field + R"(,"lang":)" + field +
         R"(,"url":"https://example.org/)" + std::string(kField - 20, 'u') + R"(","hashtags":)" +
         list_of(PostLimits::kHashtags, field) + R"(,"media":)" +
         list_of(PostLimits::kMedia,
                 R"({"type":"image","url":)" + field + R"(,"alt":)" + field + "}") +
         "}\n";
}

/// A text at its limit, of letters that the line has escaped, in one word.
std::string escaped_line() {
  std::string text;
  for (std::size_t i = 0; i < PostLimits::kTextBytes / 3; ++i) text += "\\u5b57";
  return R"({"id":"escaped","text":")" + text + "\"}\n";
}

constexpr const char* kFailed =
    "SELECT count(*) FROM publications JOIN posts USING (post_id) WHERE status = 'failed' AND "
    "attempts = 1 AND location IS NULL AND rendered_at IS NULL AND published_at IS NULL AND ";

}  // namespace

TEST_CASE("posts at the limits are published in every format, posts beyond them fail") {
  Pipeline::Config config = fed_by("file:posts.jsonl", "exit_when_done = true\nhashtags = []");
  config.targets =
      "[[republisher.target]]\nname = \"site\"\nuri = \"directory:site\"\n"
      "formats = [\"html\", \"markdown\", \"text\", \"json\", \"pdf\"]\n";
  Pipeline pipeline{config};
  write_file(pipeline.dir() / "posts.jsonl",
             R"({"id":"first","text":"small"})"
             "\n" +
                 largest_line() + escaped_line() + R"({"id":"text","text":)" +
                 quoted(600 * 1024, 't') + "}\n" + R"({"id":"url","text":"small","url":)" +
                 quoted(PostLimits::kFieldBytes + 1, 'u') + "}\n" +
                 R"({"id":"hashtags","text":"small","hashtags":)" +
                 list_of(PostLimits::kHashtags + 1, "\"x\"") + "}\n" + R"({"id":"line","text":)" +
                 quoted(5 * 1024 * 1024, 't') + "}\n" + R"({"id":"last","text":"small"})" + "\n");
  Process reporter = pipeline.start_reporter();
  // The largest takes nine seconds of a core, nearly all of it for the PDF.
  Process republisher = pipeline.start_republisher({"--render-timeout", "150"});
  Process ingestor = pipeline.start_ingestor();
  CHECK(ingestor.wait(150s) == 0);
  CHECK(pipeline.rows() == 5 * 7);
  CHECK(pipeline.query("SELECT count(*) FROM publications WHERE status = 'published'") == 5 * 4);
  CHECK(pipeline.query(std::string{kFailed} +
                       "post_id = 'file:text' AND length(text) = 524288 AND "
                       "error = 'too large: text of 614400 bytes, at most 524288'") == 5);
  CHECK(pipeline.query(std::string{kFailed} +
                       "post_id = 'file:url' AND "
                       "error = 'too large: url of 4097 bytes, at most 4096'") == 5);
  CHECK(pipeline.query(std::string{kFailed} + "post_id = 'file:hashtags' AND "
                                              "error = 'too large: more than 256 hashtags'") == 5);
  // Of a line that is not even read to its end no id is known.
  CHECK(lines_with(ingestor, "posts.jsonl:7 reason=\"the line is longer than 4194304 bytes\"") ==
        1);
  CHECK(pipeline.query("SELECT max(redelivered) FROM publications") == 0);
  CHECK(republisher.running());
}

}  // namespace pullwire::tests
