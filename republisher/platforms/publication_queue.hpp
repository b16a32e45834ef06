// The publications of a target over HTTP, on their way.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "common/net/loop.hpp"
#include "common/ops/http_client.hpp"
#include "republisher/platforms/publisher.hpp"
#include "republisher/publish/target.hpp"

namespace pullwire::republisher {

/// A publication, or the introduction that must precede all of them.
struct UnderWay {
  const Document* document;  ///< null: an introduction
  std::unique_ptr<Conversation> conversation;
  Target::Done done{};
  net::Time deadline{};    ///< to be deferred then, unless a request is under way
  net::Time not_before{};  ///< a request of before may still be at work until then
  std::string trouble{};   ///< why it has not worked yet
  int tries = 0;
  int anews = 0;         ///< how often what was introduced has not been valid any more
  bool fenced = false;   ///< the deadline was put off for `not_before`
  net::Time begun{};     ///< of the last request
  bool changes = false;  ///< the last request may have done something at the server
  std::optional<HttpClient::Id> request{};  ///< under way
  std::optional<HttpRequest> next{};        ///< in the middle of an attempt, to be made yet
};

/// Those that wait, in the order of their deadlines.
class PublicationQueue {
 public:
  using List = std::list<UnderWay>;
  using Place = List::iterator;

  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] List& all() { return list_; }
  [[nodiscard]] const List& all() const { return list_; }
  [[nodiscard]] Place front() { return list_.begin(); }

  /// Takes one out of `from`. Most deadlines are later than those that are there.
  void take(List& from, Place place) {
    auto behind = list_.end();
    while (behind != list_.begin() && std::prev(behind)->deadline > place->deadline) --behind;
    list_.splice(behind, from, place);
  }

  static bool may_begin(const UnderWay& one) {
    return !one.document->may_begin || one.document->may_begin();
  }

  /// The one to begin: of those that may, one that is in the middle, or the one that was tried
  /// least; none: `all().end()`.
  [[nodiscard]] Place next(net::Time now) {
    Place best = list_.end();
    for (Place place = list_.begin(); place != list_.end(); ++place) {
      if (place->not_before > now) continue;
      if (!may_begin(*place)) continue;
      if (place->next) return place;
      if (best == list_.end() || place->tries < best->tries) best = place;
      if (best->tries == 0) break;
    }
    return best;
  }

  /// When the first of them may begin.
  [[nodiscard]] net::Time earliest() const {
    const auto first = std::min_element(
        list_.begin(), list_.end(),
        [](const UnderWay& a, const UnderWay& b) { return a.not_before < b.not_before; });
    return first == list_.end() ? net::Time::max() : first->not_before;
  }

  /// The youngest are looked at first.
  [[nodiscard]] std::optional<Place> find(const Document& document) {
    for (Place place = list_.end(); place != list_.begin();) {
      if ((--place)->document == &document) return place;
    }
    return std::nullopt;
  }

 private:
  List list_;
};

}  // namespace pullwire::republisher
