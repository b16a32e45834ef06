#include "tests/fuzz/link_end.hpp"

#include <algorithm>
#include <variant>

namespace pullwire::fuzz {
namespace {

using namespace std::chrono_literals;

constexpr flow::Instance kOurs{1};
constexpr flow::Instance kGood{0xff, 0xff};  // no fuzzed peer has two bytes

Link::Config config(const LinkEnd::Kind& kind) {
  return {.side = kind.side,
          .instance = kOurs,
          .name = "fuzzed",
          .max_demand = kind.role == flow::Role::Consumer ? LinkEnd::kMaxDemand : 0,
          .contract = "contract",
          .max_sessions = LinkEnd::kMaxSessions,
          .admit = [](const flow::Hello& hello) {
            return hello.contract == "no" ? std::optional<std::string>{"not this one"}
                                          : std::nullopt;
          }};
}

/// What we say must be what a peer can read.
void check_readable(const flow::Message& message) {
  wire::Decoder decoder;
  const auto decoded = decoder.decode(wire::encode(message));
  const auto* again = std::get_if<flow::Message>(&decoded);
  CHECK(again != nullptr && *again == message);
}

}  // namespace

LinkEnd::LinkEnd(Kind kind)
    : kind_{kind},
      producer_{{.batch_events = 5, .batch_bytes = 200, .max_attempts = 2}},
      consumer_{{.min = kMaxDemand / 2, .max = kMaxDemand}, kind.budget},
      link_{kind.role == flow::Role::Producer ? Link{config(kind), producer_}
                                              : Link{config(kind), consumer_}} {
  link_.tick(now_);
}

// -- Peers and the network -------------------------------------------------------------

void LinkEnd::receive(const flow::Route& from, std::string_view bytes) {
  const auto decoded = decoder_.decode(bytes);
  if (const auto* data = std::get_if<wire::Data>(&decoded)) {
    receive_events(from, data->head);
  } else if (const auto* message = std::get_if<flow::Message>(&decoded)) {
    const auto* drained = std::get_if<flow::Drained>(message);
    Session* session = drained != nullptr ? find(drained->session) : nullptr;
    if (session != nullptr && session->route == from) session->limit = session->received;
    link_.receive(from, *message, now_);
  } else {
    link_.malformed(from, std::get<wire::Malformed>(decoded).why, now_);
  }
  follow();
}

void LinkEnd::receive(const flow::Route& from, const flow::Message& message) {
  receive(from, wire::encode(message));
}

void LinkEnd::receive_events(const flow::Route& from, const flow::DataHead& head) {
  if (link_.receive(from, head, now_)) {
    Session* session = find(head.session);
    CHECK(session != nullptr && session->route == from);
    session->received += head.count;
    for (Seq seq = head.first; seq < head.first + head.count; ++seq) {
      held_.push_back({head.session, {seq, seq}});
    }
  }
  follow();
}

void LinkEnd::disconnected(const flow::Route& route) {
  link_.disconnected(route, now_);
  follow();
}

void LinkEnd::connected() {
  if (is_binder() || link_.connection() == 0) return;
  link_.connected(now_);
  follow();
}

void LinkEnd::pass(flow::Time time) {
  now_ += time;
  link_.tick(now_);
  CHECK(link_.deadline() > now_);
  follow();
}

// -- The owner -------------------------------------------------------------------------

void LinkEnd::offer() {
  if (!is_producer() || pending_.size() >= kMostPending) return;
  pending_.insert(++offered_);
  producer_.offer(offered_, 30 + offered_ % 100, offered_ % 7 == 0);
}

void LinkEnd::send() {
  if (!is_producer()) return;
  while (const auto batch = producer_.next()) {
    Session* session = find(batch->session);
    CHECK(session != nullptr && link_.route(batch->session) != nullptr);
    CHECK(!batch->events.empty() && batch->first == session->sent + 1);
    session->sent += batch->events.size();
    for (const auto& event : batch->events) CHECK(pending_.contains(event.event));
  }
  follow();
}

void LinkEnd::settle(std::size_t which, flow::Outcome outcome) {
  if (held_.empty()) return;
  const auto it = held_.begin() + static_cast<std::ptrdiff_t>(which % held_.size());
  const Held held = *it;
  held_.erase(it);
  const std::uint64_t settled = consumer_.settle(held.session, held.events, outcome);
  CHECK(settled == (find(held.session) != nullptr ? 1U : 0U));
  follow();
}

void LinkEnd::announce(flow::Consumer::When when) {
  if (is_producer()) return;
  link_.announce(when);
  follow();
}

void LinkEnd::set_gate(bool open) {
  consumer_.set_gate(open);
  follow();
}

void LinkEnd::drain() {
  draining_ = true;
  link_.drain(now_);
  follow();
}

// -- What came of it -------------------------------------------------------------------

LinkEnd::Session* LinkEnd::find(SessionId id) {
  const auto it =
      std::find_if(live_.begin(), live_.end(), [&](const Session& s) { return s.id == id; });
  return it == live_.end() ? nullptr : &*it;
}

void LinkEnd::follow() {
  for (const auto& change : link_.take_changes()) {
    if (const auto* opened = std::get_if<Link::Opened>(&change)) {
      CHECK(find(opened->session) == nullptr);
      const flow::Route* route = link_.route(opened->session);
      live_.push_back({opened->session, route != nullptr ? *route : "", opened->peer.instance});
    } else if (const auto* ended = std::get_if<Link::Ended>(&change)) {
      CHECK(std::erase_if(live_, [&](const Session& s) { return s.id == ended->session; }) == 1);
      std::erase_if(held_, [&](const Held& held) { return held.session == ended->session; });
      last_dead_ = ended->session;
      CHECK(link_.route(ended->session) == nullptr);
    }
  }
  for (const auto& outgoing : link_.take_outgoing()) follow(outgoing);
  for (const auto& gauges : link_.take_gauges()) CHECK(find(gauges.session) != nullptr);
  for (const flow::EventTag event : producer_.take_accepted()) CHECK(pending_.erase(event) == 1);
  check();
}

void LinkEnd::follow(const Link::Outgoing& outgoing) {
  check_readable(outgoing.message);
  if (!is_binder()) CHECK(outgoing.to.empty());
  if (const auto* hello = std::get_if<flow::Hello>(&outgoing.message)) {
    CHECK(hello->number > last_hello_);
    last_hello_ = hello->number;
  }
  const auto* credit = std::get_if<flow::Credit>(&outgoing.message);
  const auto* heartbeat = std::get_if<flow::Heartbeat>(&outgoing.message);
  if (heartbeat != nullptr && heartbeat->credit) credit = &*heartbeat->credit;
  if (credit == nullptr) return;
  if (Session* session = find(credit->session)) {
    CHECK(credit->cum <= session->received);
    if (credit->limit == 0) return;  // what was asked back is not granted again
    CHECK(credit->limit >= session->limit);
    session->limit = credit->limit;
  }
}

void LinkEnd::check() const {
  CHECK(link_.sessions() == live_.size());
  CHECK(live_.size() <= (is_binder() ? kMaxSessions : 1));
  if (is_producer()) {
    CHECK(producer_.waiting() + producer_.in_flight() == pending_.size());
  } else {
    const bool shared = kind_.budget == flow::Consumer::Budget::Shared;
    const std::size_t bound = kMaxDemand * (shared ? 1 : live_.size());
    CHECK(consumer_.in_flight() == held_.size());
    CHECK(consumer_.unsettled_grants() == consumer_.in_flight() + consumer_.credit());
    CHECK(consumer_.unsettled_grants() <= bound);
  }
  if (draining_) CHECK(link_.finished() == live_.empty());
}

// -- A good end ------------------------------------------------------------------------

void LinkEnd::recover() {
  while (!live_.empty()) disconnected(flow::Route{live_.front().route});
  if (draining_) {
    CHECK(link_.finished());
    return;
  }
  set_gate(true);
  const SessionId id = meet_good_peer();
  if (is_producer()) {
    satisfy(id);
  } else {
    exhaust(id);
  }
}

/// Opens a session as PROTOCOL.md says.
SessionId LinkEnd::meet_good_peer() {
  const flow::Role role = is_producer() ? flow::Role::Consumer : flow::Role::Producer;
  const std::uint32_t max_demand = is_producer() ? 4 : 0;
  if (is_binder()) {
    receive("good", flow::Hello{.role = role,
                                .instance = kGood,
                                .number = 1,
                                .name = "good",
                                .max_demand = max_demand,
                                .contract = ""});
  } else {
    const std::uint64_t before = last_hello_;
    for (int i = 0; i < 20 && last_hello_ == before; ++i) {
      pass(500ms);
      connected();
    }
    CHECK(last_hello_ > before);
    receive("", flow::Welcome{.session = 1'000'000,
                              .number = last_hello_,
                              .instance = kGood,
                              .name = "good",
                              .max_demand = max_demand});
  }
  CHECK(live_.size() == 1 && live_.front().instance == kGood);
  return live_.front().id;
}

/// A consumer takes and accepts whatever waits.
void LinkEnd::satisfy(SessionId id) {
  for (std::size_t i = 0; i < 2 * kMostPending && !pending_.empty(); ++i) {
    const Session& session = *find(id);
    const flow::Credit credit{.session = id,
                              .limit = session.sent + 4,
                              .cum = session.sent,
                              .settled = {},
                              .released = {}};
    receive(flow::Route{session.route}, credit);
    CHECK(find(id) != nullptr);
    send();
  }
  CHECK(pending_.empty());
}

/// A producer that uses all its credit is granted more, for as long as its events are settled.
void LinkEnd::exhaust(SessionId id) {
  for (Seq sent = 0; sent < 3 * kMaxDemand;) {
    announce(flow::Consumer::When::BeforeSleep);
    const Session session = *find(id);
    CHECK(session.limit > sent);
    const auto count = static_cast<std::uint32_t>(session.limit - sent);
    receive_events(session.route, {.session = id, .first = sent + 1, .count = count});
    CHECK(find(id) != nullptr);
    sent += count;
    while (!held_.empty()) settle(0, flow::Outcome::Accepted);
  }
}

}  // namespace pullwire::fuzz
