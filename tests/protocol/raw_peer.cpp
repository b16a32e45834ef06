#include "tests/protocol/raw_peer.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "common/flow/link.hpp"
#include "common/net/identity.hpp"
#include "common/wire/events.hpp"

namespace pullwire::tests {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kStep{10};

std::vector<RawPeer*>& peers() {
  static std::vector<RawPeer*> all;
  return all;
}

}  // namespace

RawPeer::RawPeer(const std::string& endpoint, Side side, flow::Role role)
    : side_{side},
      role_{role},
      socket_{context_,
              side == Side::Binder ? zmq::socket_type::router : zmq::socket_type::dealer} {
  hello.role = role;
  hello.instance = net::new_instance();
  hello.number = 1;
  hello.name = "raw peer";
  hello.max_demand = role == flow::Role::Consumer ? 10 : 0;
  socket_.set(zmq::sockopt::linger, 0);
  socket_.set(zmq::sockopt::sndhwm, 0);
  socket_.set(zmq::sockopt::rcvhwm, 0);
  if (side == Side::Binder) {
    socket_.bind(endpoint);
  } else {
    socket_.set(zmq::sockopt::reconnect_ivl, 20);
    socket_.connect(endpoint);
  }
  peers().push_back(this);
}

RawPeer::~RawPeer() {
  std::erase(peers(), this);
}

// -- Handshake -------------------------------------------------------------------------

flow::Welcome RawPeer::greet() {
  send(hello);
  const auto welcome = expect<flow::Welcome>();
  session_ = welcome.session;
  credit_ = {.session = session_, .settled = {}, .released = {}};
  live_ = true;
  next_beat_ = Clock::now() + flow::kHeartbeatEvery;
  return welcome;
}

flow::Error RawPeer::greet_in_vain() {
  send(hello);
  return expect<flow::Error>();
}

flow::Hello RawPeer::await_hello() {
  const auto until = Clock::now() + kPatience;
  for (std::optional<flow::Message> message; hear(message, until);) {
    if (!message) continue;
    if (const auto* greeting = std::get_if<flow::Hello>(&*message)) return *greeting;
  }
  fail_waiting("waiting for a hello in vain");
}

void RawPeer::welcome(std::uint64_t number, std::uint32_t max_demand) {
  session_ = net::new_seed() | 1U;
  credit_ = {.session = session_, .settled = {}, .released = {}};
  heard_credit_ = {};
  sent_ = 0;
  events_.clear();
  live_ = true;
  next_beat_ = Clock::now() + flow::kHeartbeatEvery;
  send(flow::Welcome{.session = session_,
                     .number = number,
                     .instance = hello.instance,
                     .name = hello.name,
                     .max_demand = max_demand});
}

flow::Hello RawPeer::accept(std::uint32_t max_demand) {
  auto greeting = await_hello();
  welcome(greeting.number, max_demand);
  return greeting;
}

// -- Saying ----------------------------------------------------------------------------

void RawPeer::send_frames(const std::vector<std::string>& frames) {
  if (side_ == Side::Binder) socket_.send(zmq::buffer(route_), zmq::send_flags::sndmore);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    socket_.send(zmq::buffer(frames[i]),
                 i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
  }
}

void RawPeer::grant(flow::Seq limit) {
  credit_.limit = limit;
  send(credit_);
}

void RawPeer::settle(flow::Seq cum, std::vector<flow::SeqRange> released) {
  credit_.cum = cum;
  credit_.released = std::move(released);
  send(credit_);
}

void RawPeer::produce(const std::vector<std::string>& payloads, const flow::Delivery& delivery) {
  produce_from(sent_ + 1, payloads, delivery);
  sent_ += payloads.size();
}

void RawPeer::produce_from(flow::Seq first, const std::vector<std::string>& payloads,
                           const flow::Delivery& delivery) {
  encoder_.begin(session_, first, payloads.size());
  for (const std::string& payload : payloads) encoder_.add(delivery, payload);
  send_bytes(std::string{wire::view(encoder_.finish())});
}

void RawPeer::bye() {
  send(flow::Bye{session_});
  live_ = false;
}

void RawPeer::vanish() {
  live_ = false;
  socket_.close();
}

void RawPeer::tend() {
  read_waiting();
  if (!live_ || Clock::now() < next_beat_) return;
  next_beat_ = Clock::now() + flow::kHeartbeatEvery;
  flow::Heartbeat heartbeat{
      .session = session_, .sessions = 1, .credit = std::nullopt, .gauges = {}};
  if (role_ == flow::Role::Consumer) {
    heartbeat.credit = credit_;
  } else {
    heartbeat.sent = sent_;
    heartbeat.confirmed = heard_credit_.cum;
  }
  send(heartbeat);
}

void RawPeer::tend_all() {
  for (RawPeer* peer : peers()) peer->tend();
}

// -- Hearing ---------------------------------------------------------------------------

/// Reads what has come, for whoever listens later; a drain does not wait for that.
void RawPeer::read_waiting() {
  zmq::message_t frame;
  while (socket_ && socket_.recv(frame, zmq::recv_flags::dontwait)) {
    std::string route;
    if (side_ == Side::Binder) {
      route = frame.to_string();
      if (!socket_.recv(frame)) return;
    }
    if (frame.more()) throw std::runtime_error{"a message of several frames came"};
    waiting_.push_back({std::move(route), frame.to_string()});
    if (!live_ || role_ != flow::Role::Producer || !answers_drains) continue;
    const auto decoded = decoder_.decode(waiting_.back().bytes);
    const auto* message = std::get_if<flow::Message>(&decoded);
    const auto* drain = message == nullptr ? nullptr : std::get_if<flow::Drain>(message);
    if (drain != nullptr && drain->session == session_) send(flow::Drained{session_, sent_});
  }
}

bool RawPeer::hear(std::optional<flow::Message>& message, Clock::time_point until) {
  while (Clock::now() <= until) {
    tend_all();
    if (waiting_.empty()) {
      std::array<zmq::pollitem_t, 1> items{{{socket_.handle(), 0, ZMQ_POLLIN, 0}}};
      zmq::poll(items.data(), items.size(), kStep);
      continue;
    }
    const Frame frame = std::move(waiting_.front());
    waiting_.pop_front();
    message = take(frame.bytes);
    if (message && std::holds_alternative<flow::Hello>(*message)) route_ = frame.route;
    if (frame.route == route_) return true;  // else: the end of an older connection
  }
  return false;
}

bool RawPeer::hear_routine(const std::string& waiting_for, Clock::time_point until) {
  std::optional<flow::Message> message;
  if (!hear(message, until)) return false;
  if (message && !is_routine(*message)) {
    fail_waiting("waiting for " + waiting_for + ", got " + describe(*message));
  }
  if (message && std::holds_alternative<flow::Heartbeat>(*message)) {
    last_heartbeat_ = std::get<flow::Heartbeat>(*message);
    ++heartbeats_heard_;
  }
  return true;
}

std::optional<flow::Message> RawPeer::take(std::string_view bytes) {
  auto decoded = decoder_.decode(bytes);
  if (const auto* malformed = std::get_if<wire::Malformed>(&decoded)) {
    throw std::runtime_error{"bytes came that are no message: " + std::string{malformed->why}};
  }
  if (const auto* data = std::get_if<wire::Data>(&decoded)) {
    if (data->head.session != session_) return std::nullopt;
    flow::Seq seq = data->head.first;
    for (const wire::Event& event : data->events) {
      events_.push_back({seq++, event.delivery, std::string{event.payload}, event.delivery.age_ms});
      events_.back().delivery.age_ms = 0;
    }
    return std::nullopt;
  }
  auto& message = std::get<flow::Message>(decoded);
  if (const auto* credit = std::get_if<flow::Credit>(&message)) {
    if (credit->session == session_) heard_credit_ = *credit;
  } else if (const auto* heartbeat = std::get_if<flow::Heartbeat>(&message)) {
    if (heartbeat->session == session_ && heartbeat->credit) heard_credit_ = *heartbeat->credit;
  } else if (const auto* error = std::get_if<flow::Error>(&message)) {
    if (error->session == session_ && error->code != flow::ErrorCode::UnknownSession) {
      live_ = false;
    }
  } else if (const auto* bye = std::get_if<flow::Bye>(&message)) {
    if (bye->session == session_) live_ = false;
  }
  return std::move(message);
}

std::vector<Arrived> RawPeer::events(std::size_t count) {
  const auto until = Clock::now() + kPatience;
  while (events_.size() < count) {
    if (!hear_routine("events", until)) {
      fail_waiting("waiting for " + std::to_string(count) + " events, got " +
                   std::to_string(events_.size()));
    }
  }
  std::vector<Arrived> taken{events_.begin(), events_.end()};
  events_.clear();
  return taken;
}

flow::Credit RawPeer::credit_until(const std::function<bool(const flow::Credit&)>& so) {
  const auto until = Clock::now() + kPatience;
  while (!so(heard_credit_)) {
    if (!hear_routine("a state of the consumer", until)) {
      fail_waiting("waiting for a state of the consumer; the last is " + describe(heard_credit_));
    }
  }
  return heard_credit_;
}

void RawPeer::round_trip() {
  for (int turn = 0; turn < 2; ++turn) {
    send(hello);
    const auto again = expect<flow::Welcome>();
    if (again.session != session_) fail_waiting("the same hello got another session");
  }
}

flow::Heartbeat RawPeer::heartbeats(int count) {
  const auto until = Clock::now() + kPatience;
  for (const int target = heartbeats_heard_ + count; heartbeats_heard_ < target;) {
    if (!hear_routine("a heartbeat", until)) fail_waiting("waiting for a heartbeat in vain");
  }
  return last_heartbeat_;
}

void fail_waiting(const std::string& what) {
  throw std::runtime_error{what};
}

bool is_routine(const flow::Message& message) {
  return std::holds_alternative<flow::Heartbeat>(message) ||
         std::holds_alternative<flow::Credit>(message) ||
         std::holds_alternative<flow::Drain>(message);
}

bool meanwhile(const std::function<bool()>& done, std::chrono::milliseconds within) {
  const auto until = Clock::now() + within;
  while (!done()) {
    if (Clock::now() > until) return false;
    RawPeer::tend_all();
    zmq::poll(static_cast<zmq_pollitem_t*>(nullptr), 0, kStep);
  }
  return true;
}

}  // namespace pullwire::tests
