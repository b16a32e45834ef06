// The ingestor of a history: ingestor/ingestor.cpp without its sockets, sources and disk.
#include "common/flow/producer.hpp"
#include "ingestor/cursor.hpp"
#include "tests/simulation/world.hpp"

namespace pullwire::simulated {
namespace {

constexpr Time kSaveEvery = 50ms;
constexpr Time kSaveRetry = 1s;
constexpr std::uint64_t kBeyondWanted = 3;  // posts that come with a page

class Ingestor final : public Process {
 public:
  Ingestor(World& world, std::size_t source)
      : world_{world}, source_{world.sources[source]}, first_tag_{source * kSource} {
    source_.ingestor = world.end(*this, Link::Side::Binder, producer_, 0, world.new_instance());
    source_.disk.under_way.reset();
    next_ = stored_lowest_ = source_.state.cursor;
    const auto settled = ingestor::SettledNumbers::parse(source_.state.settled);
    expect(settled.has_value(), "the state cannot be read");
    settled_before_ = *settled;
    sent_before_ = source_.state.sent;
    source_.state.sent = std::max(sent_before_, world.max_span + kBeyondWanted);
  }

  void changed() override {
    for (const auto& change : ends[0]->link.take_changes()) {
      world_.take(change, "posts");
      const auto* ended = std::get_if<Link::Ended>(&change);
      if (ended != nullptr) world_.given_up[ended->session] = world_.now();
    }
    const auto accepted = producer_.take_accepted();
    for (const EventTag post : accepted) {
      expect(is_stored(world_, post), "I4: settled before it was stored");
      cursor_.settle(in_hand_.extract(post).mapped());
    }
    pump();
    if (position() != stored_lowest_ || !accepted.empty()) save_soon(kSaveEvery);
    maybe_finish();
  }

  void check() const override {
    expect(source_.given < source_.state.cursor + world_.max_span + kBeyondWanted,
           "I6: further from the cursor than max_span");
    const std::uint64_t windows = ends[0]->link.sessions() * world_.demand;
    expect(producer_.in_flight() + producer_.credit() <= windows, "I2: beyond max_demand");
  }

  void check_idle() const override {
    expect(ends[0]->link.sessions() == world_.republishers, "a republisher has no session");
    expect(in_hand_.empty() && producer_.waiting() == 0 && producer_.in_flight() == 0,
           "an ingestor holds what is settled");
    expect(producer_.credit() == world_.republishers * world_.demand,
           "credit for posts has leaked");
  }

  [[nodiscard]] std::string describe() const override {
    std::ostringstream text;
    text << "ingestor: sessions " << ends[0]->link.sessions() << ", credit " << producer_.credit()
         << ", waiting " << producer_.waiting() << ", in flight " << producer_.in_flight()
         << ", next " << next_ << ", lowest " << position() << ", stored " << stored_lowest_
         << ", max_span " << world_.max_span << (saving_ ? ", saving" : "")
         << (draining_ ? ", draining" : "");
    return text.str();
  }

  void drain() override {
    draining_ = true;
    ends[0]->link.drain(world_.now(*this));
  }
  [[nodiscard]] bool ended() const override { return ended_; }

 private:
  void pump() {
    dispatch();
    while (!draining_ && producer_.wanted() > 0 && span() < world_.max_span &&
           (!source_.end || next_ <= *source_.end)) {
      std::uint64_t page = std::min(producer_.wanted(), world_.max_span - span());
      for (page += world_.below(kBeyondWanted + 1); page > 0; --page) read();
      dispatch();
    }
  }

  void read() {
    if (source_.end && next_ > *source_.end) return;
    const std::uint64_t number = next_++;
    source_.given = std::max(source_.given, number);
    if (settled_before_.contains(number)) return;
    const EventTag post = first_tag_ + number;
    in_hand_[post] = cursor_.read(std::to_string(number));
    const bool redelivered = sent_before_ > 0;
    if (redelivered) --sent_before_;
    producer_.offer(post, 10, redelivered);
  }

  void dispatch() {
    world_.dispatch(producer_, ends, [this](EventTag post, const flow::Delivery& delivery) {
      expect(delivery.redelivered || !world_.begun.contains(post), "I12: not flagged");
      if (delivery.give_up) ++world_.seen["give up"];
      return std::to_string(post);
    });
  }

  [[nodiscard]] std::uint64_t position() const {
    const auto lowest = cursor_.lowest_unsettled();
    return lowest ? std::stoull(std::string{*lowest}) : next_;
  }
  /// Read, or passed over, from the stored cursor on.
  [[nodiscard]] std::uint64_t span() const { return next_ - stored_lowest_; }

  void save_soon(Time wait) {
    if (saving_) return;
    saving_ = true;
    at(world_.now() + wait, [this] { save(); });
  }

  void save() {
    settled_before_.forget_below(position());
    ingestor::SettledNumbers settled = cursor_.settled_above();
    settled.join(settled_before_);
    source_.disk.under_way = State{position(), settled.text(), source_.state.sent};
    at(world_.now() + world_.within(60ms), [this] { saved(); });
  }

  void saved() {
    saving_ = false;
    if (world_.now() < source_.disk.trouble_until) {
      ++world_.seen["state not written"];
      source_.disk.under_way.reset();
      return save_soon(kSaveRetry);
    }
    source_.state = *std::exchange(source_.disk.under_way, std::nullopt);
    stored_lowest_ = source_.state.cursor;
    if (finishing_) {
      if (clean_) source_.state.sent = sent_before_;
      ended_ = true;
    } else if (position() != stored_lowest_) {
      save_soon(kSaveEvery);
    }
  }

  void maybe_finish() {
    if (!draining_ || finishing_ || saving_ || !ends[0]->link.finished()) return;
    expect(producer_.in_flight() == 0, "parted with posts in flight");
    finishing_ = true;
    clean_ = !producer_.redelivered_waiting();
    save_soon(Time{});
  }

  World& world_;
  Source& source_;
  EventTag first_tag_;
  flow::Producer producer_{{.batch_events = 500, .batch_bytes = 1000, .max_attempts = 3}};
  ingestor::Cursor cursor_;
  ingestor::SettledNumbers settled_before_;
  std::map<EventTag, ingestor::Cursor::Ordinal> in_hand_;
  std::uint64_t next_ = 1;
  std::uint64_t stored_lowest_ = 1;
  std::uint64_t sent_before_ = 0;
  bool saving_ = false;
  bool draining_ = false;
  bool finishing_ = false;
  bool clean_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Process> make_ingestor(World& world, std::size_t source) {
  return std::make_unique<Ingestor>(world, source);
}

}  // namespace pullwire::simulated
