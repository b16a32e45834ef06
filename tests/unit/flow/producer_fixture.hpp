// A producer whose consumers the test plays: mechanics as verbs.
#pragma once

#include <optional>
#include <vector>

#include "common/flow/producer.hpp"
#include "tests/catch.hpp"

namespace pullwire::flow::fixture {

using Tags = std::vector<EventTag>;
using Ranges = std::vector<SeqRange>;

/// A producer whose consumers grant and settle by one word.
struct Desk {
  explicit Desk(Producer::Config config = {}) : producer{config} {}

  void offer(EventTag from, EventTag to, std::size_t bytes = 10) {
    for (EventTag tag = from; tag <= to; ++tag) producer.offer(tag, bytes, false);
  }
  /// A session that has granted `credit`, by default all of `max_demand`.
  void join(SessionId session, std::uint32_t max_demand, Seq credit) {
    producer.open(session, max_demand);
    REQUIRE_FALSE(grant(session, credit));
  }
  void join(SessionId session, std::uint32_t max_demand) { join(session, max_demand, max_demand); }
  std::optional<ErrorCode> grant(SessionId session, Seq limit, Seq cum = 0, Ranges settled = {},
                                 Ranges released = {}) {
    return producer.take(Credit{session, limit, cum, settled, released});
  }
  /// Sends a message; its events.
  Tags next() {
    const auto batch = producer.next();
    Tags tags;
    if (!batch) return tags;
    last = batch->session;
    deliveries.clear();
    returned.clear();
    for (const auto& [tag, delivery, returned_at] : batch->events) {
      tags.push_back(tag);
      deliveries.push_back(delivery);
      returned.push_back(returned_at);
    }
    return tags;
  }
  /// Sends all that can be sent: the sessions in the order in which they were served.
  std::vector<SessionId> send_all() {
    std::vector<SessionId> served;
    while (!next().empty()) served.push_back(last);
    return served;
  }

  Producer producer;
  SessionId last = 0;                // session of the last message
  std::vector<Delivery> deliveries;  // of its events
  std::vector<Time> returned;        // when they last came back
};

}  // namespace pullwire::flow::fixture
