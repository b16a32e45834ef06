#include "ingestor/live/feed_xml.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "common/ops/text.hpp"
#include "ingestor/live/feed_references.hpp"
#include "ingestor/live/web_links.hpp"

namespace pullwire::ingestor {
namespace {

using Token = FeedScanner::Token;

constexpr std::size_t kMostBeforeRoot = 32;  // what a page's generator complains of comes first
constexpr std::size_t kMostFeeds = 3;        // rss, channel, and a mistake

std::string element(std::string_view name) {
  return "<" + shortened(escaped(name), 40) + ">";
}

/// Of a web page: whether it offers the link as a feed.
bool offers_feed(std::string_view rel, std::string_view type) {
  return rel.find("alternate") != std::string_view::npos &&
         (type == "application/rss+xml" || type == "application/atom+xml" ||
          type == "application/feed+json");
}

}  // namespace

FeedDocument FeedXml::read() {
  find_root();
  while (!cut_ && !full_ && !open_.empty()) take_token();
  return finish();
}

void FeedXml::find_root() {
  std::string first;
  for (std::size_t passed = 0; passed < kMostBeforeRoot;) {
    const Token token = scanner_.next();
    if (token == Token::Done) break;
    if (token != Token::Start && token != Token::Empty) continue;
    names_.enter(scanner_.attributes(), 1);
    root_ = feed_root(names_.of(scanner_.name()));
    if (root_ == FeedRoot::Html || scanner_.is_html()) refuse_page();
    if (root_ != FeedRoot::None) return open(Role::Feed, token == Token::Empty);
    names_.leave(1);
    if (passed++ == 0) first = element(scanner_.name());
  }
  if (first.empty()) {
    throw NoFeed{"has no element of a feed: look at what is there with a browser"};
  }
  throw NoFeed{"is no feed, but something that begins with " + first +
               ": give the URL of an RSS, Atom or JSON feed"};
}

void FeedXml::refuse_page() const {
  FeedScanner page{text_};
  for (Token token = page.next(); token != Token::Done; token = page.next()) {
    if ((token != Token::Start && token != Token::Empty) || page.name() != "link") continue;
    std::string rel, type, href;
    for (AttributeScanner scanner{page.attributes()}; scanner.next();) {
      std::string* const value = scanner.name() == "rel"    ? &rel
                                 : scanner.name() == "type" ? &type
                                 : scanner.name() == "href" ? &href
                                                            : nullptr;
      if (value != nullptr) append_resolved(scanner.value(), *value);
    }
    const std::string feed = offers_feed(rel, type) ? WebLinks{url_}.web(href) : std::string{};
    if (!feed.empty()) throw NoFeed{"is a web page, not a feed: use " + feed};
  }
  throw NoFeed{"is a web page, not a feed, and names none: give the URL of its feed"};
}

void FeedXml::take_token() {
  const Token token = scanner_.next();
  switch (token) {
    case Token::Done: cut_ = true; break;
    case Token::Start:
    case Token::Empty: start(token == Token::Empty); break;
    case Token::End: end(); break;
    case Token::Text:
      if (gathered_) {
        gathered_->text(scanner_.content());
      } else if (role() == Role::Author) {
        append_resolved(scanner_.content(), author_text_);
      }
      break;
    case Token::CData:
      if (gathered_) {
        gathered_->cdata(scanner_.content());
      } else if (role() == Role::Author) {
        author_text_.append(scanner_.content());
      }
      break;
  }
}

void FeedXml::start(bool empty) {
  if (gathered_) {
    if (!is_item(names_.of(scanner_.name()))) return gathered_->start(scanner_, empty);
    if (in_item()) item_.broken = element(gathered_->name()) + " is not closed";
    note(element(gathered_->name()) + " is not closed");
    gathered_.reset();
    names_.leave(open_.size() + 1);
  }
  names_.enter(scanner_.attributes(), open_.size() + 1);
  const FeedName name = names_.of(scanner_.name());
  if (is_item(name)) return start_item(empty);
  if (role() == Role::Feed && name.vocabulary == Vocabulary::Feed && name.local == "channel" &&
      open_.size() < kMostFeeds) {
    return open(Role::Feed, empty);
  }
  const auto field = feed_field(name);
  if (!field) return gather({}, FeedText::Kind::None, empty);
  start_field(name, *field, empty);
}

void FeedXml::start_item(bool empty) {
  if (in_item()) {
    note("an item begins in another");
    while (role() != Role::Feed) close();
    names_.leave(open_.size() + 1);
    names_.enter(scanner_.attributes(), open_.size() + 1);
  }
  if (!posts_.begin()) {
    note("there are more than " + std::to_string(FeedPosts::kMost) +
         " items, the others were left out");
    full_ = true;
    return;
  }
  item_ = {};
  media_text_ = {};
  thumbnail_.clear();
  link_is_page_ = false;
  item_about_ = attribute("rdf:about");
  open(Role::Item, empty);
}

void FeedXml::open(Role role, bool empty) {
  Open opened{role, scanner_.name(), attribute("xml:lang"), {}};
  const std::string base = attribute("xml:base");
  const std::string_view outer = open_.empty() ? std::string_view{} : open_.back().base;
  if (!base.empty()) opened.base = WebLinks{outer.empty() ? url_ : outer}.web(base);
  if (opened.base.empty()) opened.base = outer;
  if (opened.lang.empty() && !open_.empty()) opened.lang = open_.back().lang;
  open_.push_back(std::move(opened));
  if (role == Role::Author) {
    author_text_.clear();
    author_named_ = false;
  }
  if (empty) close();
}

void FeedXml::end() {
  if (gathered_ && gathered_->end(scanner_)) return finish_element();
  const auto named = std::find_if(open_.rbegin(), open_.rend(), [this](const Open& opened) {
    return opened.name == scanner_.name();
  });
  if (named == open_.rend()) {
    if (gathered_) return gathered_->end_inner(scanner_);
    return note("</" + element(scanner_.name()).substr(1) + " closes nothing");
  }
  if (gathered_) {
    // It has swallowed what came after it, up to here.
    note(element(gathered_->name()) + " is not closed");
    if (in_item()) item_.broken = element(gathered_->name()) + " is not closed";
    gathered_.reset();
  }
  if (named != open_.rbegin()) note(element(open_.back().name) + " is not closed");
  close_down_to(static_cast<std::size_t>(open_.rend() - named) - 1);
}

void FeedXml::close_down_to(std::size_t depth) {
  while (open_.size() > depth) close();
}

void FeedXml::close() {
  if (role() == Role::Author) finish_author();
  if (role() == Role::Item) finish_item();
  names_.leave(open_.size());
  open_.pop_back();
}

bool FeedXml::is_item(FeedName name) const {
  return name.vocabulary == Vocabulary::Feed &&
         name.local == (root_ == FeedRoot::Atom ? "entry" : "item");
}

bool FeedXml::in_item() const {
  return std::any_of(open_.begin(), open_.end(),
                     [](const Open& opened) { return opened.role == Role::Item; });
}

/// The first is told.
void FeedXml::note(std::string_view what) {
  if (damage_.empty()) damage_ = line().append(": ").append(what);
}

std::string FeedXml::line() const {
  const auto begin = text_.begin();
  const auto here = begin + static_cast<std::ptrdiff_t>(scanner_.begin());
  return "line " + std::to_string(std::count(begin, here, '\n') + 1);
}

FeedDocument FeedXml::finish() {
  if (cut_) {
    const std::string item = "item " + std::to_string(posts_.count());
    const std::string cut =
        "it is cut off at " + line() +
        (in_item() ? ", in " + item + ", which is left out" : ", behind " + item);
    damage_ = damage_.empty() ? cut : cut + "; " + damage_;
  }
  return posts_.finish(feed_authors_, feed_lang_, std::move(damage_));
}

}  // namespace pullwire::ingestor
