// A link's end on a ZeroMQ socket: moves messages between a flow::Link and the wire.
//
// Lives on the loop's thread. Socket options and their reasons: link_socket.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <zmq.hpp>

#include "common/flow/link.hpp"
#include "common/net/loop.hpp"
#include "common/wire/codec.hpp"

namespace pullwire::net {

/// The bytes of a received message; views into it live as long as it does.
using MessageBytes = std::shared_ptr<const zmq::message_t>;

class LinkSocket {
 public:
  struct Handlers {
    /// Events arrived within the credit. Consumer only.
    std::function<void(const wire::Data&, const MessageBytes&)> events;
    /// The link took a message or the time: sessions, credit or settlement may have
    /// changed. Called before what the link wants said is sent, and from the loop only:
    /// never while the socket is being made.
    std::function<void()> changed;
  };

  /// Binds or connects according to the link's side. Throws std::runtime_error that
  /// names the endpoint.
  LinkSocket(Loop& loop, std::string endpoint, flow::Link& link, flow::Link::Side side,
             Handlers handlers);
  ~LinkSocket();
  LinkSocket(const LinkSocket&) = delete;
  LinkSocket& operator=(const LinkSocket&) = delete;

  /// Sends a message with events in a live session of this link. If it cannot be
  /// delivered the session ends, and its events go back to the producer.
  void send(flow::SessionId session, msgpack::sbuffer message);

  /// Sends what the link wants said, and follows it to a new connection.
  void flush();

 private:
  bool receive();
  void take(const flow::Route& from, MessageBytes bytes);
  bool transmit(const flow::Route& to, zmq::message_t message);
  void open();
  void close();
  bool read_monitor();
  void schedule();

  Loop& loop_;
  std::string endpoint_;
  flow::Link& link_;
  flow::Link::Side side_;
  Handlers handlers_;
  wire::Decoder decoder_;
  zmq::socket_t socket_;
  zmq::socket_t monitor_;
  Loop::SocketId watched_ = 0;
  Loop::SocketId watched_monitor_ = 0;
  std::uint64_t connection_ = 0;  // the link's, for which the socket was opened
  bool flushing_ = false;
  Loop::LastCallId last_call_ = 0;
  std::optional<Loop::TimerId> timer_;
};

/// Throws std::invalid_argument unless `endpoint` is tcp://LOOPBACK:PORT or ipc://PATH
/// (path of at most 100 bytes).
void check_endpoint(std::string_view endpoint);

}  // namespace pullwire::net
