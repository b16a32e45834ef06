// Where posts are published: what the republisher asks of a target.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/model/post.hpp"
#include "common/model/publication.hpp"
#include "republisher/render/renderer.hpp"

namespace pullwire::republisher {

/// A rendered post on its way to a target.
struct Document {
  const Post* post = nullptr;      ///< never null
  const Format* format = nullptr;  ///< never null
  std::string bytes;
  /// Someone may have begun this publication before, and still be at it.
  bool redelivered = false;
  /// It was begun before, and ended without being published: what became of its last request may
  /// not be known.
  bool replayed = false;
  /// Its post travels alone, since it may have killed a republisher: nothing else comes from its
  /// ingestor until it is settled.
  bool alone = false;
  std::uint32_t attempts = 1;  ///< this one included
  /// For how long nobody else has had it in hand, if redelivered.
  std::chrono::milliseconds left_alone{0};
  /// Whether work for it may begin now: not while its ingestor is silent, which may have given
  /// the post to another by now. Empty: always.
  std::function<bool()> may_begin{};
};

/// How a publication ended.
struct Outcome {
  Status status = Status::Published;
  std::string location;  ///< path or URL, if published
  std::string error;     ///< reason, if not
  std::optional<Timestamp> retry_at;
};

class Target {
 public:
  using Done = std::function<void(Outcome)>;

  Target() = default;
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  virtual ~Target() = default;

  /// First step, on the worker thread, right after rendering: anything that may
  /// block on a disk. Returns the outcome if that was all, nothing if `publish`
  /// is to follow. Must not throw: what fails is an outcome.
  virtual std::optional<Outcome> prepare(const Document& document) = 0;

  /// Second step, on the loop's thread: begins the publication and returns at
  /// once; calls `done` exactly once, later or before returning. `document` is there until
  /// then, and for another post afterwards. Only called if
  /// `prepare` returned nothing.
  virtual void publish(const Document& document, Done done) = 0;

  /// Whether `publish` lets publications wait for others, side by side with other targets'.
  [[nodiscard]] virtual bool queues() const { return false; }

  /// On the loop's thread: a publication that waits is to end as deferred, for that reason if
  /// there is no other. False if it does not wait any more.
  virtual bool defer(const Document& document, std::string_view reason) {
    (void)document, (void)reason;
    return false;
  }

  /// On the loop's thread: why it fails at present, in a line; "" while it works.
  [[nodiscard]] virtual std::string trouble() const { return ""; }

  /// On the loop's thread: for so long its platform wants no request, by an answer that it gave
  /// here.
  [[nodiscard]] virtual std::chrono::nanoseconds closed_for() const { return {}; }
  /// The same, by an answer that another republisher got.
  virtual void close_for(std::chrono::nanoseconds time) { (void)time; }

  /// On the loop's thread: so many republishers share what a target may do; 0: not known.
  virtual void share(std::size_t republishers) { (void)republishers; }

  /// On the loop's thread: the process is asked to end. What waits is to come to its outcome
  /// soon; `publish` may still be called.
  virtual void drain() {}

  /// On the worker thread, when nothing has come for a while and before the
  /// process ends: brings what depends on all publications (an index) up to
  /// date. Must not throw.
  virtual void tidy() {}
};

}  // namespace pullwire::republisher
