// The republisher of a history: republisher/republisher.cpp without its sockets, renderers
// and targets.
#include <algorithm>
#include <deque>

#include "common/flow/consumer.hpp"
#include "common/flow/producer.hpp"
#include "tests/simulation/world.hpp"

namespace pullwire::simulated {
namespace {

using When = flow::Consumer::When;
using flow::Outcome;

class Republisher final : public Process {
 public:
  explicit Republisher(World& world) : world_{world} {
    const flow::Instance instance = world.new_instance();
    for (std::size_t i = 0; i < world.sources.size(); ++i) {
      flow::Consumer& consumer = consumers_.emplace_back(
          flow::Consumer::Demand{world.demand / 2, world.demand}, flow::Consumer::Budget::Each);
      consumer.set_gate(false);
      const auto up = world.end(*this, Link::Side::Connector, consumer, world.demand, instance);
      up->events = [this, i](const wire::Data& data) { receive(i, data); };
      up->host = [this, i] { return world_.sources[i].ingestor; };
    }
    world.end(*this, Link::Side::Connector, producer_, 0, instance)->host = [this] {
      return world_.reporter;
    };
  }

  void changed() override {
    for (std::size_t i = 0; i < consumers_.size(); ++i) forget_ended(i);
    for (const auto& change : down().take_changes()) world_.take(change, "to the reporter");
    for (const EventTag tag : producer_.take_accepted()) {
      const auto post = begun_.find(records_.extract(tag).mapped().post);
      if (--post->second.unsettled > 0) continue;
      settle(post->second, Outcome::Accepted);
      begun_.erase(post);
    }
    if (draining_) release_unbegun();
    work();
    if (crashed) return;
    announce(When::Due);
    send_records();
    if (!world_.one_in(4)) announce(When::BeforeSleep);
    if (draining_ && queue_.empty() && begun_.empty() && parted_upstream()) {
      down().drain(world_.now(*this));
    }
  }

  void check() const override {
    for (const flow::Consumer& consumer : consumers_) {
      expect(consumer.unsettled_grants() <= world_.demand, "I2: beyond max_demand");
    }
    expect(producer_.in_flight() + producer_.credit() <= world_.budget, "I2: beyond the budget");
  }

  void check_idle() const override {
    expect(queue_.empty() && begun_.empty() && records_.empty(), "a republisher holds posts");
    for (const flow::Consumer& consumer : consumers_) {
      expect(consumer.in_flight() == 0 && consumer.credit() == world_.demand,
             "a republisher does not ask for posts");
    }
    expect(producer_.waiting() == 0 && producer_.in_flight() == 0 &&
               producer_.credit() >= world_.share(),
           "credit for publications has leaked");
  }

  [[nodiscard]] std::string describe() const override {
    std::ostringstream text;
    text << "republisher: queue " << queue_.size() << ", begun " << begun_.size();
    for (std::size_t i = 0; i < consumers_.size(); ++i) {
      text << ", upstream: sessions " << ends[i]->link.sessions() << ", credit "
           << consumers_[i].credit() << ", in flight " << consumers_[i].in_flight();
    }
    text << ", downstream: sessions " << ends.back()->link.sessions() << ", credit "
         << producer_.credit() << ", waiting " << producer_.waiting() << ", in flight "
         << producer_.in_flight() << (draining_ ? ", draining" : "");
    return text.str();
  }

  void drain() override {
    draining_ = true;
    for (std::size_t i = 0; i < consumers_.size(); ++i) ends[i]->link.drain(world_.now(*this));
  }
  [[nodiscard]] bool ended() const override {
    return draining_ && begun_.empty() && ends.back()->link.finished();
  }

 private:
  struct Post {
    std::size_t upstream;
    SessionId session;
    flow::Seq seq;
    EventTag post;
    flow::Delivery delivery;
    std::size_t unsettled;  // records
  };
  struct Record {
    std::uint64_t post;  // its key in `begun_`
    std::string bytes;
  };

  Link& up(std::size_t i) { return ends[i]->link; }
  Link& down() { return ends.back()->link; }

  void receive(std::size_t upstream, const wire::Data& data) {
    flow::Seq seq = data.head.first;
    for (const wire::Event& event : data.events) {
      const EventTag post = std::stoull(std::string{event.payload});
      queue_.push_back(
          {upstream, data.head.session, seq++, post, event.delivery, records_of(post)});
    }
  }

  void forget_ended(std::size_t i) {
    for (const auto& change : up(i).take_changes()) {
      world_.take(change, "to an ingestor");
      const auto* ended = std::get_if<Link::Ended>(&change);
      if (ended == nullptr) continue;
      std::erase_if(queue_, [&](const Post& post) { return post.session == ended->session; });
    }
  }

  /// Begins what there is room for, of an ingestor that was heard lately.
  void work() {
    while (!queue_.empty() && (under_way_ == 0 || under_way_ < world_.concurrency)) {
      const Post& post = queue_.front();
      if (!up(post.upstream).heard_lately(post.session, world_.now(*this))) return;
      const auto given_up = world_.given_up.find(post.session);
      expect(given_up == world_.given_up.end() ||
                 world_.now() - given_up->second < kLongestFault + flow::kDeadAfter + 1s,
             "begun long after it went to another");
      begin(post);
      if (crashed) return;
      queue_.pop_front();
    }
  }

  void begin(const Post& post) {
    const std::uint64_t key = ++keys_;
    begun_[key] = post;
    if (!post.delivery.give_up) {
      world_.begun.insert(post.post);
      crashed = world_.poison.contains(post.post);
      if (crashed) ++world_.seen["poison"];
    }
    for (std::size_t part = 0; part < post.unsettled; ++part) {
      ++under_way_;
      const Time cost = post.delivery.give_up ? Time{} : world_.within(20ms);
      at(world_.now() + cost, [this, key, part] { finished(key, part); });
    }
  }

  void finished(std::uint64_t key, std::size_t part) {
    --under_way_;
    const Post& post = begun_.at(key);
    const std::uint64_t tag = ++keys_;
    const bool redelivered = post.delivery.redelivered;
    records_[tag] = {key, (redelivered ? "!" : ".") + record(post.post, part)};
    producer_.offer(tag, 10, redelivered);
  }

  void announce(When when) {
    for (std::size_t i = 0; i < consumers_.size(); ++i) {
      consumers_[i].set_gate(producer_.credit() > 0);
      up(i).announce(when);
    }
  }

  void send_records() {
    const std::vector<std::shared_ptr<End>> reporters{ends.back()};
    world_.dispatch(producer_, reporters,
                    [this](EventTag tag, const auto&) { return records_.at(tag).bytes; });
  }

  void settle(const Post& post, Outcome outcome) {
    consumers_[post.upstream].settle(post.session, {post.seq, post.seq}, outcome);
  }

  void release_unbegun() {
    for (const Post& post : std::exchange(queue_, {})) {
      ++world_.seen["released"];
      settle(post, Outcome::Released);
    }
  }

  [[nodiscard]] bool parted_upstream() const {
    return std::all_of(ends.begin(), ends.end() - 1,
                       [](const auto& end) { return end->link.finished(); });
  }

  World& world_;
  std::deque<flow::Consumer> consumers_;  // of each ingestor; links refer to them
  flow::Producer producer_{{}};
  std::deque<Post> queue_;               // not begun
  std::map<std::uint64_t, Post> begun_;  // by a key of their own
  std::map<EventTag, Record> records_;   // finished, not settled
  std::uint64_t keys_ = 0;
  std::size_t under_way_ = 0;
  bool draining_ = false;
};

}  // namespace

std::unique_ptr<Process> make_republisher(World& world) {
  return std::make_unique<Republisher>(world);
}

}  // namespace pullwire::simulated
