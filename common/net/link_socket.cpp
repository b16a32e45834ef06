#include "common/net/link_socket.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "common/flow/check.hpp"

namespace pullwire::net {
namespace {

using flow::Link;

constexpr int kMessagesPerTurn = 256;
/// libzmq hands out a message of at most so many bytes as a part of the buffer into which it
/// was read (in_batch_size of its config.hpp): whoever keeps it keeps that.
constexpr std::size_t kSharedBytes = 8192;
constexpr int kFarewellMs = 200;  // for a goodbye or an error still to be written

/// The options of every socket of a link, in one place.
zmq::socket_t make_socket(zmq::context_t& context, Link::Side side) {
  const bool binder = side == Link::Side::Binder;
  zmq::socket_t socket{context, binder ? zmq::socket_type::router : zmq::socket_type::dealer};
  // Credit bounds what is queued; a high-water mark would drop or block blindly.
  socket.set(zmq::sockopt::sndhwm, 0);
  socket.set(zmq::sockopt::rcvhwm, 0);
  // Closing never hangs; `close` gives a farewell a moment.
  socket.set(zmq::sockopt::linger, 0);
  // Bounds what a stranger can make us hold, and for how long.
  socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(wire::kMaxMessageBytes));
  socket.set(zmq::sockopt::handshake_ivl, 5000);
  // Heartbeats are the protocol's own: ZeroMQ's come from its I/O thread, which looks
  // alive in a process that hangs, and give false alarms while reading is stopped.
  socket.set(zmq::sockopt::heartbeat_ivl, 0);
  // A half-open connection is gone after some 25 s at the latest.
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, 10);
  socket.set(zmq::sockopt::tcp_keepalive_intvl, 5);
  socket.set(zmq::sockopt::tcp_keepalive_cnt, 3);
  socket.set(zmq::sockopt::tcp_maxrt, 15000);
  if (binder) {
    // Without it a message to a peer that is gone vanishes silently.
    socket.set(zmq::sockopt::router_mandatory, true);
  } else {
    // ZMQ_IMMEDIATE stays off: with it libzmq throws away what was received and not yet
    // read when a connection breaks, a goodbye and the last settlements among it. What it
    // would prevent, messages for a dead connection that reach whoever is there later, is
    // prevented by a hello only once connected, a socket a session, and the session ids.
    socket.set(zmq::sockopt::reconnect_ivl, 100);
  }
  return socket;
}

/// Without a copy: the buffer becomes the message.
zmq::message_t to_message(msgpack::sbuffer buffer) {
  const std::size_t size = buffer.size();
  char* const data = buffer.release();
  try {
    return {data, size, [](void* bytes, void*) { std::free(bytes); }};
  } catch (...) {
    std::free(data);
    throw;
  }
}

}  // namespace

void check_endpoint(std::string_view endpoint) {
  const auto starts = [&](std::string_view prefix) {
    return endpoint.substr(0, prefix.size()) == prefix;
  };
  if (starts("ipc://")) {
    constexpr std::size_t kLongestPath = 100;
    const std::size_t size = endpoint.size() - 6;
    if (size == 0 || size > kLongestPath) {
      throw std::invalid_argument{"a path of 1 to 100 bytes must follow ipc://"};
    }
    return;
  }
  if (!starts("tcp://")) throw std::invalid_argument{"must begin with tcp:// or ipc://"};
  const std::string_view rest = endpoint.substr(6);
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) throw std::invalid_argument{"tcp://ADDRESS:PORT has a port"};
  const std::string_view host = rest.substr(0, colon);
  const std::string_view port = rest.substr(colon + 1);
  int number = 0;
  for (const char c : port) {
    number = c >= '0' && c <= '9' && number <= 65535 ? number * 10 + (c - '0') : 65536;
  }
  if (port.empty() || number == 0 || number > 65535) {
    throw std::invalid_argument{"the port must be a number from 1 to 65535"};
  }
  std::array<int, 4> bytes{};
  char behind = 0;
  const bool dotted = std::sscanf(std::string{host}.c_str(), "%d.%d.%d.%d%c", &bytes[0], &bytes[1],
                                  &bytes[2], &bytes[3], &behind) == 4;
  if (dotted && bytes[0] == 127) return;
  if (host == "localhost" || host == "[::1]") return;
  throw std::invalid_argument{
      "only addresses of this machine (127.0.0.1) are allowed: beyond loopback keys are needed, "
      "which this version does not have"};
}

LinkSocket::LinkSocket(Loop& loop, std::string endpoint, Link& link, Link::Side side,
                       Handlers handlers)
    : loop_{loop},
      endpoint_{std::move(endpoint)},
      link_{link},
      side_{side},
      handlers_{std::move(handlers)} {
  if (side_ == Link::Side::Connector) connection_ = link_.connection();
  if (side_ == Link::Side::Binder || connection_ != 0) open();
  last_call_ = loop_.before_sleep([this] { flush(); });
}

LinkSocket::~LinkSocket() {
  loop_.forget_last_call(last_call_);
  if (timer_) loop_.cancel(*timer_);
  close();
}

void LinkSocket::open() {
  socket_ = make_socket(loop_.context(), side_);
  try {
    if (side_ == Link::Side::Binder) {
      socket_.bind(endpoint_);
      watched_ = loop_.watch(socket_, [this] { return receive(); });
      return;
    }
    static std::atomic<std::uint64_t> monitors{0};
    const std::string address = "inproc://monitor-" + std::to_string(++monitors);
    constexpr int kEvents = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED;
    if (zmq_socket_monitor(socket_.handle(), address.c_str(), kEvents) != 0) throw zmq::error_t{};
    monitor_ = zmq::socket_t{loop_.context(), zmq::socket_type::pair};
    monitor_.set(zmq::sockopt::linger, 0);
    monitor_.connect(address);
    socket_.connect(endpoint_);
  } catch (const zmq::error_t& error) {
    const bool ours = side_ == Link::Side::Binder;
    throw std::runtime_error{std::string{ours ? "cannot listen on " : "cannot connect to "} +
                             endpoint_ + ": " + error.what()};
  }
  watched_ = loop_.watch(socket_, [this] { return receive(); });
  watched_monitor_ = loop_.watch(monitor_, [this] { return read_monitor(); });
}

void LinkSocket::close() {
  if (!socket_) return;
  loop_.forget_socket(watched_);
  if (monitor_) {
    loop_.forget_socket(watched_monitor_);
    zmq_socket_monitor(socket_.handle(), nullptr, 0);
    monitor_.close();
  }
  socket_.set(zmq::sockopt::linger, kFarewellMs);
  socket_.close();
}

/// The connection is there, or broke: the first hint, sooner than silence. Only the first
/// of either matters: a socket serves for one connection.
bool LinkSocket::read_monitor() {
  const std::uint64_t connection = connection_;
  zmq::message_t event;  // its number in two bytes, its value in four
  zmq::message_t address;
  if (zmq_msg_recv(event.handle(), monitor_.handle(), ZMQ_DONTWAIT) < 0) return false;
  if (event.more()) (void)zmq_msg_recv(address.handle(), monitor_.handle(), ZMQ_DONTWAIT);
  std::uint16_t number = 0;
  if (event.size() >= sizeof number) std::memcpy(&number, event.data(), sizeof number);
  if (number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
    link_.connected(loop_.now());
  } else {
    // What came before the end may be a goodbye, and settle what was in flight.
    while (connection_ == connection && receive()) {
    }
    if (connection_ != connection) return true;
    link_.disconnected({}, loop_.now());
    handlers_.changed();
  }
  flush();
  return true;
}

bool LinkSocket::receive() {
  bool received = false;
  for (int i = 0; i < kMessagesPerTurn && socket_; ++i) {
    const std::uint64_t connection = connection_;
    zmq::message_t first;
    if (zmq_msg_recv(first.handle(), socket_.handle(), ZMQ_DONTWAIT) < 0) break;
    received = true;
    flow::Route from;
    auto body = std::make_shared<zmq::message_t>();
    bool whole = true;
    if (side_ == Link::Side::Binder) {
      from.assign(first.data<char>(), first.size());
      whole = first.more() && zmq_msg_recv(body->handle(), socket_.handle(), ZMQ_DONTWAIT) >= 0;
    } else {
      *body = std::move(first);
    }
    bool more = body->more();
    const bool surplus = more;
    while (more) {
      zmq::message_t rest;
      more = zmq_msg_recv(rest.handle(), socket_.handle(), ZMQ_DONTWAIT) >= 0 && rest.more();
    }
    if (handlers_.events && body->size() <= kSharedBytes) {
      *body = zmq::message_t{body->data(), body->size()};
    }
    if (!whole || surplus) {
      link_.malformed(from, "a message of several frames", loop_.now());
    } else {
      take(from, std::move(body));
    }
    if (side_ == Link::Side::Connector && connection != link_.connection()) break;
  }
  if (received) {
    handlers_.changed();
    flush();
  }
  return received;
}

void LinkSocket::take(const flow::Route& from, MessageBytes bytes) {
  const Time now = loop_.now();
  const auto decoded = decoder_.decode({static_cast<const char*>(bytes->data()), bytes->size()});
  if (const auto* data = std::get_if<wire::Data>(&decoded)) {
    if (link_.receive(from, data->head, now)) handlers_.events(*data, bytes);
  } else if (const auto* message = std::get_if<flow::Message>(&decoded)) {
    link_.receive(from, *message, now);
  } else {
    link_.malformed(from, std::get<wire::Malformed>(decoded).why, now);
  }
}

void LinkSocket::send(flow::SessionId session, msgpack::sbuffer message) {
  CHECK(message.size() <= wire::kMaxMessageBytes);
  const flow::Route* route = link_.route(session);
  CHECK(route != nullptr);
  const flow::Route to = *route;
  if (!transmit(to, to_message(std::move(message)))) link_.disconnected(to, loop_.now());
}

bool LinkSocket::transmit(const flow::Route& to, zmq::message_t message) {
  if (!socket_) return false;
  if (side_ == Link::Side::Binder &&
      zmq_send(socket_.handle(), to.data(), to.size(), ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
    return false;  // nothing may follow: it would be taken for another address
  }
  return zmq_msg_send(message.handle(), socket_.handle(), ZMQ_DONTWAIT) >= 0;
}

void LinkSocket::flush() {
  if (flushing_) return;
  flushing_ = true;
  if (loop_.now() >= link_.deadline()) {
    link_.tick(loop_.now());
    handlers_.changed();
  }
  for (auto outgoing = link_.take_outgoing(); !outgoing.empty(); outgoing = link_.take_outgoing()) {
    bool broken = false;
    for (const Link::Outgoing& out : outgoing) {
      if (transmit(out.to, zmq::message_t{wire::encode(out.message)})) continue;
      link_.disconnected(out.to, loop_.now());
      broken = true;
    }
    if (broken) handlers_.changed();
  }
  if (side_ == Link::Side::Connector && connection_ != link_.connection()) {
    close();
    connection_ = link_.connection();
    if (connection_ != 0) open();
  }
  schedule();
  flushing_ = false;
}

void LinkSocket::schedule() {
  if (timer_ && timer_->first == link_.deadline()) return;
  if (timer_) loop_.cancel(*timer_);
  timer_ = loop_.at(link_.deadline(), [this] {
    timer_.reset();
    flush();
  });
}

}  // namespace pullwire::net
