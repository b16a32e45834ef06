// The reporter of a history: reporter/reporter.cpp without its sockets and database.
#include <algorithm>

#include "common/flow/consumer.hpp"
#include "tests/simulation/world.hpp"

namespace pullwire::simulated {
namespace {

constexpr Time kCommitRetry = 1s;

class Reporter final : public Process {
 public:
  explicit Reporter(World& world)
      : world_{world}, consumer_{{world.budget / 2, world.budget}, flow::Consumer::Budget::Shared} {
    world_.reporter = world.end(*this, Link::Side::Binder, consumer_, world.budget,
                                world.new_instance(), world.budget);
    world_.reporter->events = [this](const wire::Data& data) { receive(data); };
  }

  void changed() override {
    for (const auto& change : ends[0]->link.take_changes()) world_.take(change, "publications");
    commit();
    // Now and then more comes before the loop would sleep.
    ends[0]->link.announce(world_.one_in(4) ? flow::Consumer::When::Due
                                            : flow::Consumer::When::BeforeSleep);
  }

  void check() const override {
    expect(consumer_.unsettled_grants() <= world_.budget, "I7: beyond the budget");
  }

  void check_idle() const override {
    expect(ends[0]->link.sessions() == world_.republishers, "a republisher has no session");
    expect(consumer_.in_flight() == 0, "a reporter holds what is stored");
    expect(consumer_.credit() >= world_.republishers * world_.share(),
           "credit for publications has leaked");
  }

  [[nodiscard]] std::string describe() const override {
    std::ostringstream text;
    text << "reporter: sessions " << ends[0]->link.sessions() << ", credit " << consumer_.credit()
         << ", in flight " << consumer_.in_flight() << (committing_ ? ", committing" : "")
         << (draining_ ? ", draining" : "");
    return text.str();
  }

  void drain() override {
    draining_ = true;
    ends[0]->link.drain(world_.now(*this));
  }
  [[nodiscard]] bool ended() const override {
    return draining_ && ends[0]->link.finished() && !committing_ && received_.empty();
  }

 private:
  struct Entry {
    SessionId session;
    flow::Seq seq;
    std::string record;
    bool redelivered;
  };

  void receive(const wire::Data& data) {
    flow::Seq seq = data.head.first;
    for (const wire::Event& event : data.events) {
      const bool redelivered = event.delivery.redelivered || event.payload.front() == '!';
      const std::string record{event.payload.substr(1)};
      expect(redelivered || !world_.stored.contains(record) || world_.flagged.contains(record),
             "received again without a flag");
      received_.push_back({data.head.session, seq++, record, redelivered});
    }
  }

  void commit() {
    if (committing_ || received_.empty()) return;
    committing_ = true;
    batch_ = std::exchange(received_, {});
    begin();
  }

  void begin() {
    std::vector<std::pair<std::string, bool>> records;
    for (const Entry& entry : batch_) records.emplace_back(entry.record, entry.redelivered);
    world_.database.under_way = std::move(records);
    at(world_.now() + world_.within(30ms), [this] { committed(); });
  }

  void committed() {
    if (world_.now() < world_.database.trouble_until) {
      ++world_.seen["commit failed"];
      world_.database.under_way.reset();
      at(world_.now() + kCommitRetry, [this] { begin(); });
      return;
    }
    world_.store(*std::exchange(world_.database.under_way, std::nullopt));
    committing_ = false;
    for (const auto& [session, seq, record, redelivered] : batch_) {
      consumer_.settle(session, {seq, seq}, flow::Outcome::Accepted);
    }
  }

  World& world_;
  flow::Consumer consumer_;
  std::vector<Entry> received_;
  std::vector<Entry> batch_;
  bool committing_ = false;
  bool draining_ = false;
};

}  // namespace

std::unique_ptr<Process> make_reporter(World& world) {
  return std::make_unique<Reporter>(world);
}

}  // namespace pullwire::simulated
