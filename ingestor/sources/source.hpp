// Where posts come from: what the ingestor asks of a source.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/model/post.hpp"

namespace pullwire::ingestor {

/// Time on the loop's clock (net/loop.hpp), since an arbitrary moment.
using Time = std::chrono::nanoseconds;

/// A pull gives at most so many posts more than it was asked for: the shortest post is a
/// line of 19 bytes, so that 64 KiB hold fewer, and a page is shorter.
inline constexpr std::size_t kMostBeyondWanted = 4096;

/// A source may list so many posts again at every look that it gave before.
inline constexpr std::size_t kMostListed = 10'000;

/// The answer of a pull that has nothing to give before `on_news` is called.
inline constexpr Time kWhenNews = Time::max();

/// What a source knows of a post that does not travel with it.
struct Traits {
  bool repost = false;
  bool reply = false;
  bool matches = false;  ///< it was found by its hashtags: the filter need not look for them
  bool again = false;    ///< that it was read before is no fault of the source's
};

/// Takes what a source reads. Implemented by the ingestor.
class Sink {
 public:
  virtual ~Sink() = default;

  /// One request to the outside was made (`source_requests_total`).
  virtual void requested() = 0;

  /// A post was read. `position` says where reading must start so that this post
  /// and all after it are read again. `post` and its strings are needed only
  /// during the call.
  virtual void post(const Post& post, const Traits& traits, std::string_view position) = 0;

  /// A post of this post_id was there before the source began: it is not to be given, ever.
  virtual void old(std::string_view post_id) = 0;

  /// Something that is no post was read and passed over; `where` names the place
  /// ("posts.jsonl:17"), `why` the reason. Counted and logged.
  virtual void skipped(std::string_view where, std::string_view why) = 0;

  /// The outside world failed (a file vanished, a server answered 500). Counted,
  /// and logged once for each `why` and when it works again. The source tries again.
  virtual void error(std::string_view why) = 0;

  /// It works, perhaps again.
  virtual void works() = 0;

  /// `position` has moved on though no post was given: to be stored soon all the same.
  virtual void moved() = 0;

  // For sources that give posts of others again.

  /// Whether a post of this post_id may be given now: not while one is with a republisher.
  [[nodiscard]] virtual bool takes(std::string_view post_id) const {
    (void)post_id;
    return true;
  }

  /// Every source with posts of its own has ended, and all of them are settled.
  [[nodiscard]] virtual bool alone() const { return false; }
};

/// A source is asked for posts only when there is credit for them. Not thread-safe:
/// lives on the loop's thread; a call may block for a short local read at most.
class Source {
 public:
  /// What keeps a post from being read twice (state.hpp).
  enum class Identity {
    Ids,       ///< the ids seen are remembered: they may come again elsewhere
    Numbers,   ///< positions are numbers counting up by one; no id ever comes twice
    Nothing,   ///< the source cannot be read again (standard input)
    Replayed,  ///< posts of other sources, which come again until they need not: only those that
               ///< the sink `takes`, whether they were seen and whatever their hashtags
  };

  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  virtual std::string_view name() const = 0;
  virtual Identity identity() const = 0;

  /// Asks for up to `wanted` (at least 1) posts. Makes at most one request and
  /// gives `sink` what is there at `now`; may give more than `wanted`, at most one
  /// page or 64 KiB (kMostBeyondWanted). Returns when to ask again if there is demand then (`now`:
  /// at once; kWhenNews: when `on_news` says so), or nothing if the source has ended.
  virtual std::optional<Time> pull(Time now, std::size_t wanted, Sink& sink) = 0;

  /// `news` is called, on the loop's thread, when a pull may give something that was to wait
  /// for news. For sources that answer kWhenNews.
  virtual void on_news(std::function<void()> news) { (void)news; }

  /// Where reading goes on: all before it was given to a sink or passed over.
  virtual std::string position() const = 0;

  /// What is stored durably for `position`: the position itself and whatever is
  /// needed to know at the next start whether it still applies.
  virtual std::string cursor(std::string_view position) const = 0;

  /// Goes to a stored cursor; called at most once, before the first `pull`. A
  /// cursor that no longer applies (the file was replaced) starts from the beginning.
  virtual void resume(std::string_view cursor) = 0;
};

}  // namespace pullwire::ingestor
