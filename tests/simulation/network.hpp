// Processes and connections in memory, for histories of the pure core: messages are late,
// connections break and lose their tail, processes die and hang. One thread; time is
// simulated, and everything follows from the seed.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/flow/link.hpp"
#include "common/wire/codec.hpp"

namespace pullwire::simulated {

using flow::Link;
using flow::Route;
using flow::Time;

inline void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error{what};
}

struct Process;

/// One end of a link, with its socket.
struct End {
  Process* owner;
  Link link;
  std::function<void(const wire::Data&)> events;
  std::function<std::shared_ptr<End>()> host;  ///< connector: who listens now, or null
  bool dead = false;
  std::uint64_t connection = 0;  ///< connector: the link's, for which `wire` was opened
  std::shared_ptr<struct Wire> wire;
  std::map<Route, std::shared_ptr<Wire>> routes;  ///< binder
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
  std::optional<Time> greets_at;  ///< the caller learns that it is there,
  std::optional<Time> breaks_at;  ///< that it is not
};

struct Process {
  Process() = default;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  virtual ~Process() = default;
  virtual void changed() = 0;  ///< a link took something: what the executables do then
  virtual void work() {}       ///< at `works_at`
  virtual void drain() = 0;
  [[nodiscard]] virtual bool drained() const = 0;

  std::vector<std::shared_ptr<End>> ends;
  Time hung_until{};
  std::optional<Time> works_at;
};

class Network {
 public:
  explicit Network(std::uint64_t seed) : random_{seed} {}
  ~Network() {  // ends and wires hold each other
    for (const auto& wire : wires_) {
      wire->caller->wire.reset();
      wire->host->routes.clear();
    }
  }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  Time within(Time bound) {
    return Time{static_cast<Time::rep>(below(static_cast<std::uint64_t>(bound.count()) + 1))};
  }
  [[nodiscard]] Time now() const { return now_; }

  /// A new end of `owner` whose link drives `half`, a producer or a consumer.
  template <class Half>
  std::shared_ptr<End> end(Process& owner, Link::Side side, Half& half, std::uint32_t max_demand) {
    Link::Config config;
    config.side = side;
    for (auto& byte : config.instance) byte = static_cast<std::uint8_t>(below(256));
    config.max_demand = max_demand;
    config.seed = random_();
    owner.ends.push_back(std::make_shared<End>(
        End{&owner, Link{std::move(config), half}, {}, {}, false, 0, nullptr, {}}));
    return owner.ends.back();
  }

  /// Sends what credit allows; `payload(tag, delivery)` are the bytes of an event.
  template <class Payload>
  void dispatch(flow::Producer& producer, End& end, const Payload& payload) {
    while (const auto batch = producer.next()) {
      encoder_.begin(batch->session, batch->first, batch->events.size());
      for (const auto& [tag, delivery] : batch->events)
        encoder_.add(delivery, payload(tag, delivery));
      const Route to = *end.link.route(batch->session);
      if (!send(end, to, std::string{encoder_.finish()})) end.link.disconnected(to, now_);
    }
  }

  /// Lets the next thing happen. There always is one: a link's deadline.
  void step(const std::vector<std::unique_ptr<Process>>& processes) {
    Time earliest = Time::max();
    std::function<void()> event;
    const auto offer = [&](Time at, const End& end, auto then) {
      at = std::max({at, now_, end.owner->hung_until});
      if (end.dead || at >= earliest) return;
      earliest = at;
      event = then;
    };
    std::erase_if(wires_, [](const auto& w) {
      return !w->open && w->up.empty() && w->down.empty() && !w->breaks_at;
    });
    for (const auto& wire : wires_) {
      Wire* w = wire.get();
      if (w->caller->dead) w->down.clear(), w->breaks_at.reset();
      if (w->host->dead) w->up.clear();
      if (!w->up.empty())
        offer(w->up[0].due, *w->host, [=, this] { arrive(w->up, w->host, w->route); });
      if (!w->down.empty())
        offer(w->down[0].due, *w->caller, [=, this] { arrive(w->down, w->caller, {}); });
      if (w->greets_at) offer(*w->greets_at, *w->caller, [=, this] { greet(*w); });
      if (w->breaks_at && w->down.empty())
        offer(*w->breaks_at, *w->caller, [=, this] { part(*w); });
    }
    for (const auto& process : processes) {
      if (!process) continue;
      Process* p = process.get();
      if (p->works_at) {
        offer(*p->works_at, *p->ends[0], [=, this] {
          p->works_at.reset();
          p->work();
          settle_down(*p);
        });
      }
      for (const auto& end : p->ends) {
        offer(end->link.deadline(), *end, [=, this] { settle_down(*p); });
      }
    }
    now_ = earliest;
    event();
  }

  /// Breaks some connection.
  void cut() {
    if (!wires_.empty()) close(*wires_[below(wires_.size())]);
  }

  /// Ends a process without a word.
  void kill(const Process& process) {
    for (const auto& end : process.ends) {
      end->dead = true;
      for (const auto& wire : wires_) {
        if (wire->caller == end || wire->host == end) close(*wire);
      }
      end->routes.clear();
      end->wire.reset();
      end->host = {};
    }
  }

  /// Has a process act on what its links took, and say what they want said.
  void settle_down(Process& process) {
    for (const auto& end : process.ends) {
      if (now_ >= end->link.deadline()) end->link.tick(now_);
    }
    process.changed();
    for (const auto& end : process.ends) flush(end);
  }

 private:
  void arrive(std::deque<Wire::Packet>& from, const std::shared_ptr<End>& to, const Route& route) {
    const std::string bytes = std::move(from.front().bytes);
    from.pop_front();
    const bool current = to->host ? to->wire && &to->wire->down == &from : true;
    if (!current) return;  // the socket was closed
    const auto decoded = decoder_.decode(bytes);
    expect(!std::holds_alternative<wire::Malformed>(decoded), "a message could not be read");
    if (const auto* data = std::get_if<wire::Data>(&decoded)) {
      if (to->link.receive(route, data->head, now_)) to->events(*data);
    } else {
      to->link.receive(route, std::get<flow::Message>(decoded), now_);
    }
    settle_down(*to->owner);
  }

  void greet(Wire& wire) {
    wire.greets_at.reset();
    if (wire.caller->wire.get() != &wire) return;
    wire.greeted = true;
    wire.caller->link.connected(now_);
    settle_down(*wire.caller->owner);
  }

  void part(Wire& wire) {
    wire.breaks_at.reset();
    if (wire.caller->wire.get() != &wire) return;
    wire.caller->link.disconnected({}, now_);
    settle_down(*wire.caller->owner);
  }

  void close(Wire& wire) {
    if (!wire.open) return;
    wire.open = false;
    wire.greets_at.reset();
    for (auto* queue : {&wire.up, &wire.down}) {
      while (!queue->empty() && below(3) == 0) queue->pop_back();
    }
    if (below(3) > 0) wire.breaks_at = now_ + within(kLate);  // else it shows by silence
  }

  bool send(End& end, const Route& to, std::string bytes) {
    const auto route = end.routes.find(to);
    const Wire* known = route == end.routes.end() ? end.wire.get() : route->second.get();
    if (known == nullptr || !known->open) return false;
    auto& queue = end.wire ? end.wire->up : route->second->down;
    const Time due = now_ + within(below(20) == 0 ? kLate : kLate / 50);
    queue.push_back({queue.empty() ? due : std::max(due, queue.back().due), std::move(bytes)});
    return true;
  }

  void flush(const std::shared_ptr<End>& end) {
    Link& link = end->link;
    for (auto all = link.take_outgoing(); !all.empty(); all = link.take_outgoing()) {
      for (const auto& [to, message] : all) {
        if (const auto* credit = std::get_if<flow::Credit>(&message)) {
          expect(credit->limit >= limits_[credit->session], "a limit shrank");
          limits_[credit->session] = credit->limit;
        }
        if (!send(*end, to, wire::encode(message))) link.disconnected(to, now_);
      }
    }
    if (!end->host) return;
    // A connection that never came about is tried again, as ZeroMQ does by itself.
    const bool usable = end->wire && (end->wire->open || end->wire->greeted);
    if (end->connection == link.connection() && (usable || end->connection == 0)) return;
    if (end->wire) close(*end->wire);
    end->wire.reset();
    end->connection = link.connection();
    const auto host = end->host();
    if (end->connection == 0 || !host) return;
    end->wire = std::make_shared<Wire>(
        Wire{end, host, std::to_string(++routes_), {}, {}, true, false, now_ + within(kLate), {}});
    host->routes[end->wire->route] = end->wire;
    wires_.push_back(end->wire);
  }

  static constexpr Time kLate = std::chrono::milliseconds{300};

  std::mt19937_64 random_;
  Time now_ = std::chrono::seconds{1000};
  std::vector<std::shared_ptr<Wire>> wires_;
  std::map<flow::SessionId, flow::Seq> limits_;  // last said
  std::uint64_t routes_ = 0;
  wire::Decoder decoder_;
  wire::DataEncoder encoder_;
};

}  // namespace pullwire::simulated
