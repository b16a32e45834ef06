// Processes and connections in memory, for histories of the pure core: messages are late,
// come twice or from the past; connections break and lose their tail; processes die, hang
// and have clocks of their own. One thread; time is simulated, and everything follows from
// the seed.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "common/flow/link.hpp"
#include "common/wire/codec.hpp"

namespace pullwire::simulated {

using flow::EventTag;
using flow::Link;
using flow::Route;
using flow::SessionId;
using flow::Time;
using namespace std::chrono_literals;

/// Ends the history with std::runtime_error if something does not hold.
void expect(bool holds, const char* what);

struct Process;
struct Wire;

/// One end of a link, with its socket.
struct End {
  Process* owner;  ///< not to be touched once `dead`
  Link link;
  std::function<void(const wire::Data&)> events{};
  std::function<std::shared_ptr<End>()> host{};  ///< connector: who listens now, or null
  bool dead = false;
  std::uint64_t connection = 0;  ///< connector: the link's, for which `wire` was opened
  std::shared_ptr<Wire> wire{};
  std::map<Route, std::shared_ptr<Wire>> routes{};  ///< binder
};

/// A connection. Bytes arrive in order, and late; once it is broken, some of them.
struct Wire {
  struct Packet {
    Time due;
    std::string bytes;
  };
  std::shared_ptr<End> caller;
  std::shared_ptr<End> host;
  Route route;
  std::deque<Packet> up;
  std::deque<Packet> down;
  bool open = true;
  bool greeted = false;
  Time held_until{};                ///< nothing arrives before
  std::optional<Time> greets_at;    ///< the caller learns that it is there,
  std::optional<Time> breaks_at;    ///< that it is not
  std::vector<std::string> lately;  ///< said by the caller: what a next one may hear again
};

struct Process {
  Process() = default;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  virtual ~Process() = default;

  /// A link took something, or time has passed: what the executables do then.
  virtual void changed() = 0;
  /// The invariants that can be seen from here. Called after every step.
  virtual void check() const = 0;
  /// L1: when everything is settled nothing is held, and all credit is there.
  virtual void check_idle() const = 0;
  /// What it holds, for whoever looks into a history that failed.
  [[nodiscard]] virtual std::string describe() const = 0;
  virtual void drain() = 0;
  /// Has ended after a drain.
  [[nodiscard]] virtual bool ended() const = 0;

  /// Calls `then` once, at a time of the network's.
  void at(Time when, std::function<void()> then) { timers.emplace(when, std::move(then)); }

  std::vector<std::shared_ptr<End>> ends;
  std::multimap<Time, std::function<void()>> timers;
  Time ahead{};          ///< of the network's time: its own clock
  Time hung_until{};     ///< does nothing before
  Time cut_off_until{};  ///< hears and says nothing before
  bool crashed = false;  ///< by itself: to be taken away after this step
};

class Network {
 public:
  explicit Network(std::uint64_t seed) : random_{seed} {}
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  Time within(Time bound) {
    return Time{static_cast<Time::rep>(below(static_cast<std::uint64_t>(bound.count()) + 1))};
  }
  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] Time now(const Process& process) const { return now_ + process.ahead; }

  /// A new end of `owner` whose link drives `half`, a producer or a consumer.
  template <class Half>
  std::shared_ptr<End> end(Process& owner, Link::Side side, Half& half, std::uint32_t max_demand,
                           const flow::Instance& instance, std::size_t max_sessions = 1024) {
    Link::Config config;
    config.side = side;
    config.instance = instance;
    config.max_demand = max_demand;
    config.max_sessions = max_sessions;
    config.seed = random_();
    owner.ends.push_back(std::make_shared<End>(End{.owner = &owner, .link = {config, half}}));
    ends_.push_back(owner.ends.back());
    return owner.ends.back();
  }
  flow::Instance new_instance();

  /// Sends what credit allows; `payload(tag, delivery)` are the bytes of an event.
  template <class Payload>
  void dispatch(flow::Producer& producer, const std::vector<std::shared_ptr<End>>& ends,
                const Payload& payload) {
    while (const auto batch = producer.next()) {
      encoder_.begin(batch->session, batch->first, batch->events.size());
      for (const auto& [tag, delivery, returned_at] : batch->events)
        encoder_.add(delivery, payload(tag, delivery));
      std::string bytes{wire::view(encoder_.finish())};
      for (const auto& end : ends) {
        const Route* route = end->link.route(batch->session);
        if (route == nullptr) continue;
        const Route to = *route;
        if (!send(*end, to, std::move(bytes), false)) {
          end->link.disconnected(to, now(*end->owner));
        }
        break;
      }
    }
  }

  /// Lets the next thing happen; if that would be later than `until`, only time passes.
  void step(const std::vector<std::unique_ptr<Process>>& processes, Time until);

  /// Has a process act on what its links took, and say what they want said.
  void settle_down(Process& process);

  // -- Faults ------------------------------------------------------------------------

  /// Breaks some connection.
  void cut();
  /// Some connection delivers nothing for a while.
  void hold(Time time);
  /// Ends a process without a word.
  void kill(const Process& process);

  std::map<std::string, std::uint64_t> seen;  ///< how often what happened

 private:
  struct Next;
  void find_next(const std::vector<std::unique_ptr<Process>>& processes, Next& next);
  void arrive(Wire& wire, bool up);
  void close(Wire& wire);
  void open(const std::shared_ptr<End>& caller);
  void follow(const std::shared_ptr<End>& end);
  bool send(End& end, const Route& to, std::string bytes, bool repeatable);
  void flush(const std::shared_ptr<End>& end);
  void note(const flow::Message& message);

  std::mt19937_64 random_;
  Time now_ = 1000s;
  std::vector<std::shared_ptr<Wire>> wires_;
  std::vector<std::weak_ptr<End>> ends_;   // all there ever were
  std::map<SessionId, flow::Seq> limits_;  // last said
  std::uint64_t routes_ = 0;
  wire::Decoder decoder_;
  wire::DataEncoder encoder_;
};

}  // namespace pullwire::simulated
