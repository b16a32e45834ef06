#include "ingestor/configured_sources.hpp"

#include <set>
#include <stdexcept>
#include <utility>

namespace pullwire::ingestor {
namespace {

constexpr std::uint64_t kMostAge = std::uint64_t{100} * 365 * 24 * 3600;  // seconds

std::vector<std::string> texts_of(Table& table, std::string_view key) {
  std::vector<std::string> texts;
  for (const Located& text : table.texts(key)) texts.push_back(text.text);
  return texts;
}

PostFilter::Rules read_rules(Table& table) {
  PostFilter::Rules rules{.languages = texts_of(table, "languages"),
                          .exclude_languages = texts_of(table, "exclude_languages"),
                          .authors = texts_of(table, "authors"),
                          .exclude_authors = texts_of(table, "exclude_authors"),
                          .match = texts_of(table, "match"),
                          .exclude = texts_of(table, "exclude")};
  std::uint64_t max_age = 0;
  table.flag("reposts", rules.reposts);
  table.flag("replies", rules.replies);
  table.number("max_age", max_age, {0, kMostAge});
  rules.max_age = std::chrono::seconds{max_age};
  return rules;
}

ReplayOptions read_replay(Table& table) {
  ReplayOptions options;
  for (const char* key : {"target", "status", "order"}) {
    const auto value = table.optional_text(key);
    if (!value) continue;
    try {
      options.set(key, value->text);
    } catch (const std::invalid_argument& error) {
      throw Misconfigured{value->where, error.what()};
    }
  }
  auto max_age = static_cast<std::uint64_t>(options.max_age.count());
  std::uint64_t max_attempts = options.max_attempts;
  table.number("max_age", max_age, {0, kMostAge});
  table.number("max_attempts", max_attempts, {1, ReplayOptions::kMostAttempts});
  options.max_age = std::chrono::seconds{max_age};
  options.max_attempts = static_cast<std::uint32_t>(max_attempts);
  return options;
}

/// Makes one and sees that its name is its own.
class Opener {
 public:
  void open(const Located& uri, const SourceContext& context, PostFilter filter) {
    try {
      sources_.push_back({make_source(uri.text, context), std::move(filter)});
    } catch (const std::invalid_argument& error) {
      throw Misconfigured{uri.where, error.what()};
    }
    const std::string name{sources_.back().source->name()};
    if (!names_.insert(name).second) {
      throw Misconfigured{uri.where, "a second source named " + name.substr(0, name.find('?')) +
                                         "; give it another: name = \"…\" in its entry, or "
                                         "NAME=KIND:…"};
    }
  }

  std::vector<FilteredSource> take() { return std::move(sources_); }

 private:
  std::vector<FilteredSource> sources_;
  std::set<std::string, std::less<>> names_;
};

void open_table(Table& table, SourceContext context, Opener& opener) {
  Located uri = table.text("uri");
  if (const auto name = table.optional_text("name")) {
    if (!is_source_name(name->text)) {
      throw Misconfigured{name->where, "a name has 1 to 64 letters, digits, _, ., / and -"};
    }
    if (uri.text.substr(0, uri.text.find(':')).find('=') != std::string::npos) {
      throw Misconfigured{name->where, "the uri has a name, too"};
    }
    uri.text = name->text + '=' + uri.text;
  }
  const std::string_view kind = kind_of(uri.text);
  if (is_live(kind)) context.live = read_live_settings(table);
  if (kind == "replay") {
    context.replay = read_replay(table);
  } else {
    context.rules = read_rules(table);
  }
  table.refuse_others();
  context.base = uri.base;
  PostFilter filter;
  try {
    filter = PostFilter{context.rules};
  } catch (const std::invalid_argument& error) {
    throw Misconfigured{
        table.where(),
        std::string{"match or exclude: no regular expression (RE2): "} + error.what()};
  }
  opener.open(uri, context, std::move(filter));
}

}  // namespace

std::vector<FilteredSource> open_sources(const std::vector<Located>& uris,
                                         std::vector<Table>& tables, const std::string& where,
                                         const SourceContext& context) {
  if (uris.empty() && tables.empty()) {
    throw Misconfigured{where,
                        "no source: name at least one, in sources or as [[ingestor.source]]"};
  }
  Opener opener;
  for (const Located& uri : uris) {
    SourceContext own = context;
    own.base = uri.base;
    opener.open(uri, own, PostFilter{own.rules});
  }
  for (Table& table : tables) open_table(table, context, opener);
  return opener.take();
}

}  // namespace pullwire::ingestor
