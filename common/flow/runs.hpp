// Joins events that are settled one by one into runs, which are settled together.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "common/flow/messages.hpp"

namespace pullwire::flow {

/// Events of one session that follow each other.
struct Run {
  std::size_t link = 0;  ///< the owner's number of the link, if it has several
  SessionId session = 0;
  SeqRange events;
};

class Runs {
 public:
  void add(std::size_t link, SessionId session, Seq seq) { add(link, session, {seq, seq}); }
  void add(std::size_t link, SessionId session, SeqRange events) {
    if (!runs_.empty()) {
      Run& last = runs_.back();
      if (last.link == link && last.session == session && last.events.last + 1 == events.first) {
        last.events.last = events.last;
        return;
      }
    }
    runs_.push_back({link, session, events});
  }

  /// What was added since the last call, in the order in which it was added.
  [[nodiscard]] std::vector<Run> take() { return std::exchange(runs_, {}); }

 private:
  std::vector<Run> runs_;
};

}  // namespace pullwire::flow
