// What stands in an item or a feed, put where it belongs.
#include <algorithm>
#include <string>
#include <utility>

#include "ingestor/live/feed_dates.hpp"
#include "ingestor/live/feed_references.hpp"
#include "ingestor/live/feed_xml.hpp"
#include "ingestor/live/web_links.hpp"

namespace pullwire::ingestor {
namespace {

using Kind = FeedText::Kind;

// What an item may have of each; a post carries less.
constexpr std::size_t kMostTags = 1024;
constexpr std::size_t kMostMedia = 256;
constexpr std::size_t kMostAuthors = 16;

/// RFC 4287, 4.1.3, and the type and mode of Atom 0.3. None: nothing that can be shown.
Kind kind_of(const std::string& type, const std::string& mode, Kind untyped) {
  if (mode == "base64") return Kind::None;
  if (type.empty()) return untyped;
  if (type == "html" || type == "text/html" || type == "xhtml" || type == "application/xhtml+xml") {
    return Kind::Html;
  }
  if (type == "text" || type == "plain" || type.starts_with("text/")) return Kind::Plain;
  return Kind::None;
}

void use_if_none(std::string& into, std::string&& value) {
  if (into.find_first_not_of(" \t\n") == std::string::npos) into = std::move(value);
}

void use_if_none(FeedText& into, FeedText&& value) {
  if (into.value.find_first_not_of(" \t\n") == std::string::npos) into = std::move(value);
}

/// One that can be read wins over one that cannot.
void use_date(std::string& into, std::string&& value) {
  if (!parse_feed_date(into)) into = std::move(value);
}

}  // namespace

void FeedXml::start_field(FeedName name, FeedField field, bool empty) {
  const bool item = role() == Role::Item;
  switch (field) {
    case FeedField::Author:
      if (item || role() == Role::Feed) return open(Role::Author, empty);
      break;
    case FeedField::MediaGroup:
      if (item) return open(Role::MediaGroup, empty);
      break;
    case FeedField::MediaContent:
      if (!item && role() != Role::MediaGroup) break;
      add_medium("url");
      return open(Role::MediaContent, empty);
    case FeedField::Enclosure:
      if (item) add_medium("url");
      break;
    case FeedField::Thumbnail:
      if (in_item()) use_if_none(thumbnail_, attribute("url"));
      break;
    case FeedField::Link:
      if (item) return start_link(empty);
      break;
    case FeedField::Category:
      if (item || role() == Role::MediaGroup) return start_category(empty);
      break;
    default: return start_gathering(name, field, empty);
  }
  gather({}, Kind::None, empty);
}

/// Fields that are text, where they are wanted.
void FeedXml::start_gathering(FeedName name, FeedField field, bool empty) {
  bool wanted = false;
  switch (field) {
    case FeedField::Lang:
    case FeedField::Creator: wanted = role() == Role::Item || role() == Role::Feed; break;
    case FeedField::AuthorName: wanted = role() == Role::Author; break;
    case FeedField::Keywords: wanted = role() == Role::Item || role() == Role::MediaGroup; break;
    case FeedField::MediaText:
    case FeedField::MediaTitle: wanted = in_item() && role() != Role::Author; break;
    default: wanted = role() == Role::Item;
  }
  if (!wanted) return gather({}, Kind::None, empty);
  start_text(name, field, empty);
}

void FeedXml::start_text(FeedName name, FeedField field, bool empty) {
  Kind kind = Kind::None;
  switch (field) {
    case FeedField::Title:
    case FeedField::Content:
    case FeedField::Description:
    case FeedField::Summary: {
      const bool atom = root_ == FeedRoot::Atom && name.vocabulary == Vocabulary::Feed;
      kind = kind_of(attribute("type"), attribute("mode"), atom ? Kind::Plain : Kind::Ambiguous);
      if (kind == Kind::None || (atom && !attribute("src").empty())) {
        return gather({}, Kind::None, empty);
      }
      if (field != FeedField::Content) break;
      if (const auto lang = attribute("xml:lang"); !lang.empty()) item_.lang = lang;
      if (const auto base = attribute("xml:base"); !base.empty()) {
        const std::string& outer = open_.back().base;
        item_.text_base = WebLinks{outer.empty() ? url_ : std::string_view{outer}}.web(base);
      }
      break;
    }
    case FeedField::MediaText:
    case FeedField::MediaTitle:
      kind = kind_of(attribute("type"), {}, Kind::Plain);
      if (kind == Kind::None) return gather({}, Kind::None, empty);
      break;
    default: break;
  }
  gather(field, kind, empty);
}

void FeedXml::start_link(bool empty) {
  std::string href = attribute("href");
  if (href.empty()) return gather(FeedField::Link, Kind::None, empty);
  const std::string rel = attribute("rel");
  if (rel == "enclosure") add_medium("href");
  if (rel.empty() || rel == "alternate") {
    const std::string type = attribute("type");
    const bool page = type.empty() || type.find("html") != std::string::npos;
    if (item_.link.empty() || (page && !link_is_page_)) {
      item_.link = std::move(href);
      link_is_page_ = page;
    }
  }
  gather({}, Kind::None, empty);
}

void FeedXml::start_category(bool empty) {
  std::string term = attribute("term");
  if (term.empty() || term.find("://") != std::string::npos) {
    if (std::string label = attribute("label"); !label.empty()) term = std::move(label);
  }
  if (term.empty()) return gather(FeedField::Category, Kind::None, empty);
  if (item_.tags.size() < kMostTags) item_.tags.push_back(std::move(term));
  gather({}, Kind::None, empty);
}

void FeedXml::gather(std::optional<FeedField> field, Kind kind, bool empty) {
  if (!empty) {
    gathered_.emplace(scanner_.name(), field, kind);
    return;
  }
  names_.leave(open_.size() + 1);
}

void FeedXml::finish_element() {
  FeedElement element = std::move(*gathered_);
  gathered_.reset();
  names_.leave(open_.size() + 1);
  if (element.field()) use(*element.field(), element.take());
}

void FeedXml::use(FeedField field, FeedText text) {
  switch (field) {
    case FeedField::Title: return use_if_none(item_.title, std::move(text));
    case FeedField::Content: return use_if_none(item_.content, std::move(text));
    case FeedField::Description:
    case FeedField::Summary: return use_if_none(item_.summary, std::move(text));
    case FeedField::Link:
      link_is_page_ = true;
      return use_if_none(item_.link, std::move(text.value));
    case FeedField::OrigLink:
      link_is_page_ = true;
      item_.link = std::move(text.value);
      return;
    case FeedField::Id: return use_if_none(item_.id, std::move(text.value));
    case FeedField::Published: return use_date(item_.published, std::move(text.value));
    case FeedField::Updated: return use_date(item_.updated, std::move(text.value));
    case FeedField::Lang:
      return use_if_none(in_item() ? item_.lang : feed_lang_, std::move(text.value));
    case FeedField::AuthorName: author_named_ = true; return add_author(std::move(text.value));
    case FeedField::Creator: return add_author(std::move(text.value));
    case FeedField::Category:
    case FeedField::Keywords:
      if (item_.tags.size() < kMostTags) item_.tags.push_back(std::move(text.value));
      return;
    case FeedField::MediaText:
    case FeedField::MediaTitle: return use_media_text(field, std::move(text));
    case FeedField::Author:
    case FeedField::Enclosure:
    case FeedField::MediaGroup:
    case FeedField::MediaContent:
    case FeedField::Thumbnail: return;  // not gathered
  }
}

/// In a medium it describes that, else the item.
void FeedXml::use_media_text(FeedField field, FeedText text) {
  const bool whole = field == FeedField::MediaText;
  if (role() == Role::MediaContent) {
    if (item_.media.empty()) return;
    std::string& alt = item_.media.back().alt;
    if (whole || alt.empty()) alt = std::move(text.value);
  } else {
    use_if_none(whole ? media_text_ : item_.title, std::move(text));
  }
}

void FeedXml::add_medium(std::string_view url_name) {
  if (item_.media.size() == kMostMedia) return;
  FoundMedia medium{media_type_of(attribute("type")), attribute(url_name), {}};
  if (medium.type.empty()) medium.type = media_type_of(attribute("medium"));
  item_.media.push_back(std::move(medium));
}

void FeedXml::add_author(std::string name) {
  auto& authors = in_item() ? item_.authors : feed_authors_;
  if (authors.size() < kMostAuthors) authors.push_back(std::move(name));
}

void FeedXml::finish_author() {
  if (!author_named_) add_author(std::move(author_text_));
  author_text_.clear();
}

void FeedXml::finish_item() {
  if (item_.id.find_first_not_of(" \t\n") == std::string::npos) item_.id = std::move(item_about_);
  if (item_.lang.empty()) item_.lang = open_.back().lang;
  // Only what the document says counts; else links in a text are relative to its own page,
  // but in Atom (RFC 3986, 5.1).
  const std::string& base = open_.back().base;
  item_.base = base.empty() ? url_ : base;
  if (item_.text_base.empty() && (!base.empty() || root_ == FeedRoot::Atom)) {
    item_.text_base = item_.base;
  }
  const auto has_text = [](const FeedText& text) {
    return text.value.find_first_not_of(" \t\n") != std::string::npos;
  };
  if (!has_text(item_.content) && !has_text(item_.summary)) item_.summary = std::move(media_text_);
  const bool image = std::any_of(item_.media.begin(), item_.media.end(),
                                 [](const FoundMedia& medium) { return medium.type == "image"; });
  if (!image && !thumbnail_.empty()) item_.media.push_back({"image", std::move(thumbnail_), {}});
  posts_.add(std::move(item_));
  item_ = {};
}

std::string FeedXml::attribute(std::string_view name) const {
  for (AttributeScanner scanner{scanner_.attributes()}; scanner.next();) {
    if (scanner.name() != name) continue;
    std::string value;
    append_resolved(scanner.value(), value);
    return value;
  }
  return {};
}

}  // namespace pullwire::ingestor
