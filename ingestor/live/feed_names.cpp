#include "ingestor/live/feed_names.hpp"

#include <algorithm>
#include <array>

#include "ingestor/live/feed_scanner.hpp"

namespace pullwire::ingestor {
namespace {

struct Named {
  std::string_view name;
  Vocabulary vocabulary;
};

std::optional<Vocabulary> find(std::string_view name, const auto& table) {
  const auto place = std::find_if(table.begin(), table.end(),
                                  [name](const Named& entry) { return entry.name == name; });
  if (place == table.end()) return std::nullopt;
  return place->vocabulary;
}

/// Without a / or # at the end, which writers forget.
std::optional<Vocabulary> by_address(std::string_view address) {
  static constexpr auto kAddresses =
      std::to_array<Named>({{"", Vocabulary::Feed},
                            {"http://www.w3.org/2005/Atom", Vocabulary::Feed},
                            {"http://purl.org/atom/ns", Vocabulary::Feed},
                            {"http://purl.org/rss/1.0", Vocabulary::Feed},
                            {"http://my.netscape.com/rdf/simple/0.9", Vocabulary::Feed},
                            {"http://channel.netscape.com/rdf/simple/0.9", Vocabulary::Feed},
                            {"http://backend.userland.com/rss2", Vocabulary::Feed},
                            {"http://purl.org/dc/elements/1.1", Vocabulary::Dublin},
                            {"http://purl.org/dc/elements/1.0", Vocabulary::Dublin},
                            {"http://purl.org/dc/terms", Vocabulary::Dublin},
                            {"http://purl.org/rss/1.0/modules/content", Vocabulary::Content},
                            {"http://search.yahoo.com/mrss", Vocabulary::Media},
                            {"http://www.w3.org/1999/02/22-rdf-syntax-ns", Vocabulary::Rdf},
                            {"http://www.itunes.com/dtds/podcast-1.0.dtd", Vocabulary::Itunes},
                            {"http://rssnamespace.org/feedburner/ext/1.0", Vocabulary::Feedburner},
                            {"http://www.w3.org/1999/xhtml", Vocabulary::Xhtml}});
  while (address.ends_with('/') || address.ends_with('#')) address.remove_suffix(1);
  return find(address, kAddresses);
}

std::optional<Vocabulary> by_prefix(std::string_view prefix) {
  static constexpr auto kPrefixes = std::to_array<Named>({{"", Vocabulary::Feed},
                                                          {"atom", Vocabulary::Feed},
                                                          {"atom10", Vocabulary::Feed},
                                                          {"a10", Vocabulary::Feed},
                                                          {"dc", Vocabulary::Dublin},
                                                          {"dcterms", Vocabulary::Dublin},
                                                          {"content", Vocabulary::Content},
                                                          {"media", Vocabulary::Media},
                                                          {"rdf", Vocabulary::Rdf},
                                                          {"itunes", Vocabulary::Itunes},
                                                          {"feedburner", Vocabulary::Feedburner},
                                                          {"xhtml", Vocabulary::Xhtml}});
  return find(prefix, kPrefixes);
}

}  // namespace

void FeedNames::enter(std::string_view attributes, std::size_t depth) {
  if (attributes.find("xmlns") == std::string_view::npos) return;
  AttributeScanner scanner{attributes};
  while (scanner.next() && bindings_.size() < kMost) {
    std::string_view prefix = scanner.name();
    if (!prefix.starts_with("xmlns")) continue;
    prefix.remove_prefix(5);
    if (prefix.starts_with(':')) prefix.remove_prefix(1);
    auto vocabulary = by_address(scanner.value());
    if (!vocabulary) vocabulary = by_prefix(prefix);
    bindings_.push_back({prefix, vocabulary.value_or(Vocabulary::Other), depth});
  }
}

void FeedNames::leave(std::size_t depth) {
  while (!bindings_.empty() && bindings_.back().depth >= depth) bindings_.pop_back();
}

FeedName FeedNames::of(std::string_view name) const {
  const std::size_t colon = name.find(':');
  const bool bare = colon == std::string_view::npos;
  const std::string_view prefix = bare ? std::string_view{} : name.substr(0, colon);
  const std::string_view local = bare ? name : name.substr(colon + 1);
  const auto binding = std::find_if(bindings_.rbegin(), bindings_.rend(),
                                    [prefix](const Binding& b) { return b.prefix == prefix; });
  if (binding != bindings_.rend()) return {binding->vocabulary, local};
  return {by_prefix(prefix).value_or(Vocabulary::Other), local};
}

FeedRoot feed_root(FeedName name) {
  const auto is = [&name](std::string_view word) {
    return std::equal(name.local.begin(), name.local.end(), word.begin(), word.end(),
                      [](char a, char b) { return (a | 0x20) == b; });
  };
  if (is("html")) return FeedRoot::Html;
  if (name.vocabulary == Vocabulary::Rdf && is("rdf")) return FeedRoot::Rdf;
  if (name.vocabulary != Vocabulary::Feed) return FeedRoot::None;
  if (is("rss") || is("channel")) return FeedRoot::Rss;
  return is("feed") ? FeedRoot::Atom : FeedRoot::None;
}

std::optional<FeedField> feed_field(FeedName name) {
  struct Meaning {
    Vocabulary vocabulary;
    std::string_view local;
    FeedField field;
  };
  using V = Vocabulary;
  using F = FeedField;
  static constexpr auto kMeanings = std::to_array<Meaning>({
      {V::Feed, "title", F::Title},
      {V::Feed, "link", F::Link},
      {V::Feed, "description", F::Description},
      {V::Feed, "guid", F::Id},
      {V::Feed, "id", F::Id},
      {V::Feed, "category", F::Category},
      {V::Feed, "pubDate", F::Published},
      {V::Feed, "pubdate", F::Published},
      {V::Feed, "content", F::Content},
      {V::Feed, "summary", F::Summary},
      {V::Feed, "published", F::Published},
      {V::Feed, "issued", F::Published},
      {V::Feed, "created", F::Published},
      {V::Feed, "updated", F::Updated},
      {V::Feed, "modified", F::Updated},
      {V::Feed, "author", F::Author},
      {V::Feed, "name", F::AuthorName},
      {V::Feed, "enclosure", F::Enclosure},
      {V::Feed, "language", F::Lang},
      {V::Dublin, "creator", F::Creator},
      {V::Dublin, "date", F::Published},
      {V::Dublin, "issued", F::Published},
      {V::Dublin, "created", F::Published},
      {V::Dublin, "modified", F::Updated},
      {V::Dublin, "subject", F::Category},
      {V::Dublin, "language", F::Lang},
      {V::Dublin, "title", F::Title},
      {V::Dublin, "description", F::Description},
      {V::Content, "encoded", F::Content},
      {V::Xhtml, "body", F::Content},
      {V::Media, "content", F::MediaContent},
      {V::Media, "group", F::MediaGroup},
      {V::Media, "thumbnail", F::Thumbnail},
      {V::Media, "description", F::MediaText},
      {V::Media, "title", F::MediaTitle},
      {V::Media, "keywords", F::Keywords},
      {V::Media, "category", F::Category},
      {V::Itunes, "author", F::Creator},
      {V::Itunes, "summary", F::Summary},
      {V::Itunes, "keywords", F::Keywords},
      {V::Feedburner, "origLink", F::OrigLink},
  });
  if (name.vocabulary == V::Other) return std::nullopt;
  for (const Meaning& meaning : kMeanings) {
    if (meaning.vocabulary == name.vocabulary && meaning.local == name.local) return meaning.field;
  }
  return std::nullopt;
}

}  // namespace pullwire::ingestor
