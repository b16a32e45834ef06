#include "tests/simulation/network.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace pullwire::simulated {
namespace {

constexpr Time kLate = 300ms;
constexpr std::size_t kRemembered = 4;  // of what a caller said last

/// What the protocol allows to come twice.
bool repeatable(const flow::Message& message) {
  return !std::holds_alternative<flow::Drain>(message) &&
         !std::holds_alternative<flow::Drained>(message) &&
         !std::holds_alternative<flow::Error>(message);
}

}  // namespace

void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error{what};
}

Network::~Network() {  // ends and wires hold each other
  for (const auto& weak : ends_) {
    const auto end = weak.lock();
    if (!end) continue;
    end->wire.reset();
    end->routes.clear();
  }
}

flow::Instance Network::new_instance() {
  flow::Instance instance;
  for (auto& byte : instance) byte = static_cast<std::uint8_t>(below(256));
  return instance;
}

// -- Steps -----------------------------------------------------------------------------

/// The earliest of all that could happen. What waits for a process that hangs comes when
/// it wakes: messages first, then the time, as in its loop.
struct Network::Next {
  enum class Kind { Nothing, Up, Down, Greeting, Break, Timer, Tick };

  void offer(Time when, const Process& process, Kind what, Wire* on, Process* who) {
    when = std::max(when, process.hung_until);
    if (when >= at) return;
    at = when;
    kind = what;
    wire = on;
    whose = who;
  }

  Time at = Time::max();
  Kind kind = Kind::Nothing;
  Wire* wire = nullptr;
  Process* whose = nullptr;
};

void Network::find_next(const std::vector<std::unique_ptr<Process>>& processes, Next& next) {
  using Kind = Next::Kind;
  std::erase_if(wires_, [](const auto& wire) {
    if (wire->caller->dead) wire->down.clear(), wire->breaks_at.reset();
    if (wire->host->dead) wire->up.clear();
    return !wire->open && wire->up.empty() && wire->down.empty() && !wire->breaks_at;
  });
  for (const auto& wire : wires_) {
    const auto due = [&](Time at, const End& end) {
      return std::max({at, now_, wire->held_until, end.owner->cut_off_until});
    };
    if (!wire->up.empty()) {
      next.offer(due(wire->up[0].due, *wire->host), *wire->host->owner, Kind::Up, wire.get(),
                 wire->host->owner);
    }
    if (wire->caller->dead) continue;
    Process* caller = wire->caller->owner;
    if (!wire->down.empty()) {
      next.offer(due(wire->down[0].due, *wire->caller), *caller, Kind::Down, wire.get(), caller);
    } else if (wire->breaks_at) {
      next.offer(due(*wire->breaks_at, *wire->caller), *caller, Kind::Break, wire.get(), caller);
    }
    if (wire->greets_at) {
      next.offer(due(*wire->greets_at, *wire->caller), *caller, Kind::Greeting, wire.get(), caller);
    }
  }
  for (const auto& process : processes) {
    if (!process) continue;
    if (!process->timers.empty()) {
      next.offer(std::max(now_, process->timers.begin()->first), *process, Kind::Timer, nullptr,
                 process.get());
    }
    for (const auto& end : process->ends) {
      next.offer(std::max(now_, end->link.deadline() - process->ahead), *process, Kind::Tick,
                 nullptr, process.get());
    }
  }
}

void Network::step(const std::vector<std::unique_ptr<Process>>& processes, Time until) {
  Next next;
  find_next(processes, next);
  if (next.at > until) {
    now_ = until;
    return;
  }
  now_ = next.at;
  Wire* wire = next.wire;
  const Time local = now(*next.whose);
  switch (next.kind) {
    case Next::Kind::Nothing: return;
    case Next::Kind::Up: arrive(*wire, true); break;
    case Next::Kind::Down: arrive(*wire, false); break;
    case Next::Kind::Greeting:
      wire->greets_at.reset();
      if (wire->caller->wire.get() != wire) return;
      wire->greeted = true;
      wire->caller->link.connected(local);
      break;
    case Next::Kind::Break:
      wire->breaks_at.reset();
      if (wire->caller->wire.get() != wire) return;
      wire->caller->link.disconnected({}, local);
      break;
    case Next::Kind::Timer: {
      auto timer = next.whose->timers.extract(next.whose->timers.begin());
      timer.mapped()();
      break;
    }
    case Next::Kind::Tick: break;
  }
  settle_down(*next.whose);
}

void Network::settle_down(Process& process) {
  if (process.crashed) return;
  for (const auto& end : process.ends) {
    if (now(process) >= end->link.deadline()) end->link.tick(now(process));
  }
  process.changed();
  for (const auto& end : process.ends) flush(end);
}

void Network::arrive(Wire& wire, bool up) {
  auto& from = up ? wire.up : wire.down;
  End& to = up ? *wire.host : *wire.caller;
  const std::string bytes = std::move(from.front().bytes);
  from.pop_front();
  if (!up && to.wire.get() != &wire) return;  // the socket was closed
  const Route route = up ? wire.route : Route{};
  const auto decoded = decoder_.decode(bytes);
  expect(!std::holds_alternative<wire::Malformed>(decoded), "a message could not be read");
  const Time local = now(*to.owner);
  if (const auto* data = std::get_if<wire::Data>(&decoded)) {
    if (to.link.receive(route, data->head, local)) to.events(*data);
  } else {
    to.link.receive(route, std::get<flow::Message>(decoded), local);
  }
}

// -- Faults ----------------------------------------------------------------------------

void Network::cut() {
  if (!wires_.empty()) close(*wires_[below(wires_.size())]);
}

void Network::hold(Time time) {
  if (!wires_.empty()) wires_[below(wires_.size())]->held_until = now_ + time;
}

void Network::kill(const Process& process) {
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

// -- Connections -----------------------------------------------------------------------

void Network::close(Wire& wire) {
  if (!wire.open) return;
  wire.open = false;
  wire.greets_at.reset();
  for (auto* queue : {&wire.up, &wire.down}) {
    while (!queue->empty() && one_in(3)) queue->pop_back();
  }
  if (!one_in(3)) wire.breaks_at = now_ + within(kLate);  // else it shows by silence
}

/// Another connection. Now and then it begins with what the caller said on the last one,
/// as a socket that reconnects by itself would have it.
void Network::open(const std::shared_ptr<End>& caller) {
  const auto host = caller->host();
  if (caller->connection == 0 || !host) return;
  const auto before = std::exchange(caller->wire, std::make_shared<Wire>());
  Wire& wire = *caller->wire;
  wire.caller = caller;
  wire.host = host;
  wire.route = std::to_string(++routes_);
  wire.greets_at = now_ + within(kLate);
  host->routes[wire.route] = caller->wire;
  wires_.push_back(caller->wire);
  if (!before || !one_in(8)) return;
  for (const std::string& bytes : before->lately) {
    ++seen["frame from the past"];
    wire.up.push_back({*wire.greets_at, bytes});
  }
}

/// A connector's socket goes with its link. A connection that never came about is tried
/// again, as ZeroMQ does by itself.
void Network::follow(const std::shared_ptr<End>& end) {
  const bool usable = end->wire && (end->wire->open || end->wire->greeted);
  const std::uint64_t wanted = end->link.connection();
  if (end->connection == wanted && (usable || wanted == 0)) return;
  if (end->wire) close(*end->wire);
  end->connection = wanted;
  if (wanted == 0) {
    end->wire.reset();
  } else {
    open(end);
  }
}

bool Network::send(End& end, const Route& to, std::string bytes, bool may_double) {
  const auto route = end.routes.find(to);
  Wire* wire = route == end.routes.end() ? end.wire.get() : route->second.get();
  if (wire == nullptr || !wire->open) return false;
  const bool up = wire == end.wire.get();
  auto& queue = up ? wire->up : wire->down;
  Time due = now_ + within(one_in(20) ? kLate : kLate / 50);
  due = std::max(due, end.owner->cut_off_until);
  if (!queue.empty()) due = std::max(due, queue.back().due);
  if (up) {
    wire->lately.push_back(bytes);
    if (wire->lately.size() > kRemembered) wire->lately.erase(wire->lately.begin());
  }
  if (may_double && one_in(50)) {
    ++seen["frame twice"];
    queue.push_back({due, bytes});
  }
  queue.push_back({due, std::move(bytes)});
  return true;
}

/// I3: a limit never decreases, except that none is said while credit is asked back.
void Network::note(const flow::Message& message) {
  if (const auto* error = std::get_if<flow::Error>(&message)) {
    if (error->session == 0 && error->code == flow::ErrorCode::Replaced) {
      ++seen["older handshake refused"];
    }
  }
  if (const auto* drain = std::get_if<flow::Drain>(&message)) {
    ++seen["credit asked back"];
    limits_.erase(drain->session);
  }
  const auto* credit = std::get_if<flow::Credit>(&message);
  if (credit == nullptr || credit->limit == 0) return;
  auto& known = limits_[credit->session];
  expect(credit->limit >= known, "I3: a limit shrank");
  known = credit->limit;
}

void Network::flush(const std::shared_ptr<End>& end) {
  Link& link = end->link;
  for (auto all = link.take_outgoing(); !all.empty(); all = link.take_outgoing()) {
    for (const auto& [to, message] : all) {
      note(message);
      if (!send(*end, to, wire::encode(message), repeatable(message))) {
        link.disconnected(to, now(*end->owner));
      }
    }
  }
  if (end->host) follow(end);
}

}  // namespace pullwire::simulated
