// Short seeded histories of a whole pipeline on the pure core: one ingestor, some
// republishers, one reporter, and faults. PULLWIRE_SEED repeats one history,
// PULLWIRE_HISTORIES sets how many there are.
#include <cstdlib>
#include <set>
#include <utility>

#include "tests/catch.hpp"
#include "tests/simulation/network.hpp"

using namespace pullwire;
using namespace pullwire::flow;
using namespace pullwire::simulated;
using namespace std::chrono_literals;

namespace {

struct Pipeline : Network {
  using Network::Network;
  std::uint32_t demand = 0;  // of each republisher
  std::uint32_t budget = 0;  // of the reporter
  std::shared_ptr<End> ingestor;
  std::shared_ptr<End> reporter;
  // What outlives the processes:
  std::set<EventTag> unsettled;        // posts, at the ingestor
  std::set<EventTag> begun;            // posts that a republisher has begun
  std::set<std::string> stored;        // records, at the reporter
  std::map<SessionId, Time> given_up;  // sessions, by the ingestor
};

std::size_t records_of(EventTag post) {
  return 1 + post % 3;
}

std::string record(EventTag post, std::size_t part) {
  return std::to_string(post) + "/" + std::to_string(part);
}

class Ingestor : public Process {
 public:
  Ingestor(Pipeline& all, bool again) : all_{all} {
    all_.ingestor = all_.end(*this, Link::Side::Binder, producer_, 0);
    for (const EventTag post : all_.unsettled) producer_.offer(post, 10, again);
  }
  void changed() override {
    for (const auto& change : ends[0]->link.take_changes()) {
      const auto* ended = std::get_if<Link::Ended>(&change);
      if (ended != nullptr) all_.given_up[ended->session] = all_.now();
    }
    for (const EventTag post : producer_.take_accepted()) {
      expect(all_.unsettled.erase(post) == 1, "a post was settled twice");
      for (std::size_t part = 0; part < records_of(post); ++part) {
        expect(all_.stored.contains(record(post, part)), "I4: settled before it was stored");
      }
    }
    all_.dispatch(producer_, *ends[0], [this](EventTag post, const Delivery& delivery) {
      expect(delivery.redelivered || !all_.begun.contains(post), "I12: not flagged");
      return std::to_string(post);
    });
  }
  void drain() override { ends[0]->link.drain(all_.now()); }
  [[nodiscard]] bool drained() const override { return ends[0]->link.finished(); }

 private:
  Pipeline& all_;
  Producer producer_{{.batch_events = 500, .batch_bytes = 1000, .max_attempts = 3}};
};

class Reporter : public Process {
 public:
  explicit Reporter(Pipeline& all)
      : all_{all}, consumer_{{all.budget / 2, all.budget}, Consumer::Budget::Shared} {
    all_.reporter = all_.end(*this, Link::Side::Binder, consumer_, all_.budget);
    all_.reporter->events = [this](const wire::Data& data) {
      Seq seq = data.head.first;
      for (const wire::Event& event : data.events) {
        received_.push_back({data.head.session, seq++, std::string{event.payload}});
      }
      expect(consumer_.in_flight(data.head.session) <= all_.budget, "I2: beyond max_demand");
      if (!works_at) works_at = all_.now() + all_.within(30ms);
    };
  }
  void changed() override {
    const bool busy = all_.below(4) == 0;
    ends[0]->link.announce(busy ? Consumer::When::Due : Consumer::When::BeforeSleep);
  }
  void work() override {  // a commit
    for (const auto& [session, seq, what] : std::exchange(received_, {})) {
      all_.stored.insert(what);
      consumer_.settle(session, {seq, seq}, Outcome::Accepted);
    }
  }
  void drain() override { ends[0]->link.drain(all_.now()); }
  [[nodiscard]] bool drained() const override { return ends[0]->link.finished(); }

 private:
  struct Received {
    SessionId session;
    Seq seq;
    std::string what;
  };
  Pipeline& all_;
  Consumer consumer_;
  std::vector<Received> received_;
};

/// Relays demand as a gate, and settles a post when all its records are.
class Republisher : public Process {
 public:
  explicit Republisher(Pipeline& all)
      : all_{all}, consumer_{{all.demand / 2, all.demand}, Consumer::Budget::Each} {
    const auto up = all_.end(*this, Link::Side::Connector, consumer_, all_.demand);
    up->events = [this](const wire::Data& data) { receive(data); };
    up->host = [this] { return all_.ingestor; };
    all_.end(*this, Link::Side::Connector, producer_, 0)->host = [this] { return all_.reporter; };
  }
  void changed() override {
    for (const auto& change : up().take_changes()) {
      const auto* ended = std::get_if<Link::Ended>(&change);
      if (ended == nullptr) continue;
      std::erase_if(queue_, [&](const Post& post) { return post.session == ended->session; });
    }
    for (const EventTag tag : producer_.take_accepted()) {
      const auto post = begun_.find(records_.extract(tag).mapped().first);
      if (--post->second.unsettled > 0) continue;
      settle(post->second, Outcome::Accepted);
      begun_.erase(post);
    }
    if (draining_) {
      for (const Post& post : std::exchange(queue_, {})) settle(post, Outcome::Released);
    }
    consumer_.set_gate(producer_.credit() > 0);
    up().announce(Consumer::When::Due);
    all_.dispatch(producer_, *ends[1],
                  [this](EventTag tag, const Delivery&) { return records_.at(tag).second; });
    if (all_.below(4) > 0) up().announce(Consumer::When::BeforeSleep);
    if (draining_ && begun_.empty() && up().finished()) ends[1]->link.drain(all_.now());
  }
  void work() override {  // begins a post
    if (queue_.empty()) return;
    works_at = all_.now() + all_.within(20ms);
    const Post post = queue_.front();
    if (!up().heard_lately(post.session, all_.now())) return;
    const auto given_up = all_.given_up.find(post.session);
    expect(given_up == all_.given_up.end() || all_.now() - given_up->second < kDeadAfter + 1s,
           "begun long after it went to another");
    queue_.pop_front();
    all_.begun.insert(post.post);
    begun_[++tags_] = post;
    for (std::size_t part = 0, key = tags_; part < post.unsettled; ++part) {
      records_[++tags_] = {key, record(post.post, part)};
      producer_.offer(tags_, 10, false);
    }
  }
  void drain() override {
    draining_ = true;
    up().drain(all_.now());
  }
  [[nodiscard]] bool drained() const override { return ends[1]->link.finished(); }

 private:
  struct Post {
    SessionId session;
    Seq seq;
    EventTag post;
    std::size_t unsettled;  // records
  };
  Link& up() { return ends[0]->link; }
  void settle(const Post& post, Outcome outcome) {
    consumer_.settle(post.session, {post.seq, post.seq}, outcome);
  }
  void receive(const wire::Data& data) {
    Seq seq = data.head.first;
    for (const wire::Event& event : data.events) {
      const EventTag post = std::stoull(std::string{event.payload});
      queue_.push_back({data.head.session, seq++, post, records_of(post)});
    }
    expect(consumer_.unsettled_grants() <= all_.demand, "I2: beyond max_demand");
    if (!works_at) works_at = all_.now() + all_.within(20ms);
  }

  Pipeline& all_;
  Consumer consumer_;
  Producer producer_{{}};
  bool draining_ = false;
  std::deque<Post> queue_;                                        // not begun
  std::map<EventTag, Post> begun_;                                // by a key of their own
  std::map<EventTag, std::pair<EventTag, std::string>> records_;  // key of their post, bytes
  EventTag tags_ = 0;
};

/// One history: from some posts to all of them settled, and farewell.
class History {
 public:
  explicit History(std::uint64_t seed) : all_{seed} {
    all_.demand = static_cast<std::uint32_t>(1 + all_.below(12));
    all_.budget = static_cast<std::uint32_t>(1 + all_.below(20));
    for (EventTag post = 1 + all_.below(40); post > 0; --post) all_.unsettled.insert(post);
    processes_.resize(3 + all_.below(3));
    for (std::size_t i = 0; i < processes_.size(); ++i) start(i, false);
  }

  void run() {
    Time quiet_since = all_.now();
    for (std::uint64_t faults = all_.below(8); !all_.unsettled.empty();) {
      if (faults > 0 && all_.below(30) == 0) {
        --faults;
        fault();
        quiet_since = all_.now();
      }
      step();
      expect(all_.now() - quiet_since < 60s, "L1: stuck");
    }
    farewell();
  }

 private:
  void start(std::size_t i, bool again) {
    if (i == 0) processes_[i] = std::make_unique<Ingestor>(all_, again);
    if (i == 1) processes_[i] = std::make_unique<Reporter>(all_);
    if (i >= 2) processes_[i] = std::make_unique<Republisher>(all_);
    all_.settle_down(*processes_[i]);
  }

  void step() {
    all_.step(processes_);
    for (std::size_t i = 2; i < processes_.size(); ++i) {
      if (processes_[i] && processes_[i]->drained()) restart(i);
    }
  }

  void restart(std::size_t i) {
    all_.kill(*processes_[i]);
    start(i, true);
  }

  void fault() {
    const std::size_t i = all_.below(processes_.size());
    switch (all_.below(4)) {
      case 0: all_.cut(); break;
      case 1: restart(i); break;
      case 2: processes_[i]->hung_until = all_.now() + all_.within(10s); break;
      default:
        if (i < 2) break;
        processes_[i]->drain();
        all_.settle_down(*processes_[i]);
    }
  }

  /// All leave, in some order, the reporter last: what was begun is finished and reported.
  void farewell() {
    std::swap(processes_[1], processes_.back());
    for (std::size_t left = processes_.size(); left > 0; --left) {
      const std::size_t i = left == 1 ? 0 : all_.below(left - 1);
      Process& leaver = *processes_[i];
      leaver.drain();
      all_.settle_down(leaver);
      for (const Time began = all_.now(); !leaver.drained();) {
        all_.step(processes_);
        expect(all_.now() - began < 20s, "a farewell takes for ever");
      }
      all_.kill(leaver);
      for (auto* host : {&all_.ingestor, &all_.reporter}) {
        if (*host && (*host)->dead) host->reset();
      }
      processes_.erase(processes_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  Pipeline all_;
  std::vector<std::unique_ptr<Process>> processes_;  // ingestor, reporter, republishers
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kHistories = 200;
#else
constexpr std::uint64_t kHistories = 5000;
#endif

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::stoull(text);
}

}  // namespace

TEST_CASE("whatever happens to a pipeline, every post is stored and settled", "[pipeline]") {
  const std::uint64_t histories = number_from("PULLWIRE_HISTORIES", kHistories);
  const std::uint64_t only = number_from("PULLWIRE_SEED", 0);
  for (std::uint64_t seed = only == 0 ? 1 : only; seed <= (only == 0 ? histories : only); ++seed) {
    INFO("repeat it with PULLWIRE_SEED=" << seed);
    try {
      History{seed}.run();
    } catch (const std::runtime_error& error) {
      FAIL(error.what());
    }
  }
  SUCCEED();
}
