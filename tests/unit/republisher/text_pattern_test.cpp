#include "republisher/render/text_pattern.hpp"

#include "republisher/render/fitted_text.hpp"
#include "tests/catch.hpp"

using namespace pullwire::republisher;
using Catch::Matchers::Contains;

namespace {

FieldValues values() {
  FieldValues values;
  values[Field::Text] = "TEXT";
  values[Field::Url] = "URL";
  values[Field::AuthorName] = "NAME";
  return values;
}

std::string filled(std::string_view pattern) {
  check_pattern(pattern);
  return fill(pattern, values()).text;
}

}  // namespace

TEST_CASE("a template shows what it names, and where the address is", "[template]") {
  CHECK(filled("{text}\n\n{url}") == "TEXT\n\nURL");
  CHECK(filled("» {author_name}: {text} «") == "» NAME: TEXT «");
  CHECK(fill("{text}\n\n{url}", values()).url == 6);
  CHECK(fill("{text}", values()).url == std::nullopt);
}

TEST_CASE("what a post lacks leaves no holes in a template", "[template]") {
  CHECK(filled("{text}\n\n{hashtags}\n\n{url}") == "TEXT\n\nURL");
  CHECK(filled("by {author}\n\n{text}\n\n\n\n{url}\n\n{media}") == "TEXT\n\nURL");
  CHECK(filled("{author_name} ({author}) {created_at}: {text}") == "NAME : TEXT");
  CHECK(filled("{author_name} ({author})\n{text}") == "NAME\nTEXT");
  CHECK(filled("{author_name} [{author}] {text}") == "NAME TEXT");
  CHECK(filled("{author} {text} {hashtags} {url}") == "TEXT URL");
  CHECK(filled("{text}\n{hashtags}\n{url}") == "TEXT\nURL");
}

TEST_CASE("values are not templates", "[template]") {
  FieldValues values;
  values[Field::Text] = "{url} {nonsense} }{";
  values[Field::Url] = "URL";
  CHECK(fill("{text} {url}", values).text == "{url} {nonsense} }{ URL");
}

TEST_CASE("a template that cannot be meant is refused, with its place", "[template]") {
  const auto refusal = [](std::string_view pattern) {
    try {
      check_pattern(pattern);
    } catch (const std::invalid_argument& error) {
      return std::string{error.what()};
    }
    return std::string{};
  };
  CHECK(refusal("{text}") == "");
  CHECK(refusal("{url}") == "");
  CHECK_THAT(refusal("{text}\nby {autor}"),
             Contains("line 2, byte 4 of the template: unknown placeholder {autor}; there "
                      "are {text}, {url}, {hashtags}"));
  CHECK_THAT(refusal("{text"), Contains("line 1, byte 1 of the template: { without a }"));
  CHECK_THAT(refusal("{text\n}"), Contains("{ without a }"));
  CHECK_THAT(refusal("{{text}}"), Contains("byte 1 of the template: { without a }"));
  CHECK_THAT(refusal("a{text}}"), Contains("byte 8 of the template: } without a {"));
  CHECK_THAT(refusal("{}{text}"), Contains("unknown placeholder {}"));
  CHECK_THAT(refusal("{text}{text}"), Contains("byte 7 of the template: {text} comes twice"));
  CHECK_THAT(refusal("{author}"), Contains("neither {text} nor {url}"));
  CHECK_THAT(refusal(""), Contains("neither {text} nor {url}"));
  CHECK_THAT(refusal("{text}\t"), Contains("control characters"));
  CHECK_THAT(refusal("{text}\xFF"), Contains("not UTF-8"));
  CHECK_THAT(refusal("{text}" + std::string(1000, 'x')), Contains("1000 bytes"));
}
