// The relay through RabbitMQ: transient messages, publisher confirms, a prefetch of one window,
// acknowledgements of many at once. A publisher's confirm does not bound a queue: credit does,
// which comes back through a queue of its own.
#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "tests/bench/event.hpp"
#include "tests/bench/peers/roles.hpp"

namespace pullwire::bench {
namespace {

constexpr amqp_channel_t kPublished = 1;  // events, each confirmed
constexpr amqp_channel_t kConsumed = 2;   // all else
constexpr int kFrameBytes = 131072;       // RabbitMQ's own limit

amqp_bytes_t bytes_of(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};  // NOLINT: the library only reads it
}
std::string_view text_of(amqp_bytes_t bytes) {
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}

/// One connection.
class Rabbit {
 public:
  struct Handlers {
    std::function<void(std::uint64_t tag, std::string body)> event = {};
    std::function<void(std::size_t events)> credit = {};
    std::function<void(std::uint64_t upto)> confirmed = {};
  };

  explicit Rabbit(std::uint16_t port) : connection_{amqp_new_connection()} {
    amqp_socket_t* socket = amqp_tcp_socket_new(connection_.get());
    check(socket == nullptr ? AMQP_STATUS_NO_MEMORY : amqp_socket_open(socket, "127.0.0.1", port));
    check(amqp_login(connection_.get(), "/", 0, kFrameBytes, 0, AMQP_SASL_METHOD_PLAIN, "guest",
                     "guest"));
    for (const amqp_channel_t channel : {kPublished, kConsumed}) {
      amqp_channel_open(connection_.get(), channel);
      check(amqp_get_rpc_reply(connection_.get()));
    }
    amqp_confirm_select(connection_.get(), kPublished);
    check(amqp_get_rpc_reply(connection_.get()));
    amqp_basic_qos(connection_.get(), kConsumed, 0, kWindow, 0);
    check(amqp_get_rpc_reply(connection_.get()));
  }

  void declare(std::string_view queue) {
    amqp_queue_declare(connection_.get(), kConsumed, bytes_of(queue), 0, 0, 0, 0, amqp_empty_table);
    check(amqp_get_rpc_reply(connection_.get()));
  }
  void consume(std::string_view queue, std::string_view name, bool acknowledged) {
    amqp_basic_consume(connection_.get(), kConsumed, bytes_of(queue), bytes_of(name), 0,
                       acknowledged ? 0 : 1, 0, amqp_empty_table);
    check(amqp_get_rpc_reply(connection_.get()));
  }
  void publish(amqp_channel_t channel, std::string_view queue, std::string_view body) {
    check(amqp_basic_publish(connection_.get(), channel, amqp_empty_bytes, bytes_of(queue), 0, 0,
                             nullptr, bytes_of(body)));
  }
  void acknowledge_upto(std::uint64_t tag) {
    check(amqp_basic_ack(connection_.get(), kConsumed, tag, 1));
  }

  /// Small frames leave together: between `true` and `false` only full segments are sent.
  void hold_back(bool held) {
    const int value = held ? 1 : 0;
    if (setsockopt(amqp_get_sockfd(connection_.get()), IPPROTO_TCP, TCP_CORK, &value,
                   sizeof value) != 0) {
      throw std::runtime_error{"the socket does not take TCP_CORK"};
    }
  }

  /// Handles all that has arrived; waits for it if there is nothing.
  void handle(const Handlers& handlers) {
    amqp_frame_t frame;
    check(amqp_simple_wait_frame(connection_.get(), &frame));
    do {
      handle(frame, handlers);
      timeval none{};
      const int status = amqp_simple_wait_frame_noblock(connection_.get(), &frame, &none);
      if (status == AMQP_STATUS_TIMEOUT) break;
      check(status);
    } while (true);
    amqp_maybe_release_buffers(connection_.get());
  }

 private:
  struct Destroy {
    void operator()(amqp_connection_state_t connection) const {
      amqp_destroy_connection(connection);
    }
  };

  static void check(int status) {
    if (status != AMQP_STATUS_OK) throw std::runtime_error{amqp_error_string2(status)};
  }
  static void check(const amqp_rpc_reply_t& reply) {
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION) check(reply.library_error);
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) throw std::runtime_error{"RabbitMQ refuses"};
  }

  void handle(const amqp_frame_t& frame, const Handlers& handlers) {
    if (frame.frame_type == AMQP_FRAME_METHOD) {
      handle(frame.payload.method, handlers);
    } else if (frame.frame_type == AMQP_FRAME_HEADER) {
      missing_ = frame.payload.properties.body_size;
    } else if (frame.frame_type == AMQP_FRAME_BODY) {
      body_ += text_of(frame.payload.body_fragment);
      missing_ -= frame.payload.body_fragment.len;
      if (missing_ > 0) return;
      if (is_event_) {
        handlers.event(tag_, std::exchange(body_, {}));
      } else {
        handlers.credit(std::stoul(std::exchange(body_, {})));
      }
    }
  }

  void handle(const amqp_method_t& method, const Handlers& handlers) {
    if (method.id == AMQP_BASIC_DELIVER_METHOD) {
      const auto& deliver = *static_cast<const amqp_basic_deliver_t*>(method.decoded);
      is_event_ = text_of(deliver.consumer_tag) == "events";
      tag_ = deliver.delivery_tag;
    } else if (method.id == AMQP_BASIC_ACK_METHOD) {
      const auto& ack = *static_cast<const amqp_basic_ack_t*>(method.decoded);
      if (ack.multiple == 0 && ack.delivery_tag != confirmed_ + 1) {
        throw std::runtime_error{"confirms of one queue are out of order"};
      }
      handlers.confirmed(confirmed_ = ack.delivery_tag);
    } else {
      throw std::runtime_error{std::string{"RabbitMQ says "} + amqp_method_name(method.id)};
    }
  }

  std::unique_ptr<amqp_connection_state_t_, Destroy> connection_;
  bool is_event_ = false;
  std::uint64_t tag_ = 0;
  std::uint64_t missing_ = 0;
  std::string body_;
  std::uint64_t confirmed_ = 0;
};

/// Acknowledges by the batch, and gives as much credit back.
class Receiver {
 public:
  Receiver(Rabbit& rabbit, const std::string& queue) : rabbit_{rabbit}, credit_{queue + ".credit"} {
    rabbit_.declare(queue);
    rabbit_.declare(credit_);
    rabbit_.consume(queue, "events", true);
    rabbit_.publish(kConsumed, credit_, std::to_string(kWindow));
  }
  void settled(std::uint64_t tag) {
    if (++count_ < kBatch) return;
    rabbit_.acknowledge_upto(tag);
    rabbit_.publish(kConsumed, credit_, std::to_string(std::exchange(count_, 0)));
  }

 private:
  Rabbit& rabbit_;
  std::string credit_;
  std::size_t count_ = 0;
};

void listen_for_credit(Rabbit& rabbit, const std::string& queue) {
  rabbit.declare(queue);
  rabbit.declare(queue + ".credit");
  rabbit.consume(queue + ".credit", "credit", false);
}

void source(const Options& options) {
  Rabbit rabbit{options.port};
  listen_for_credit(rabbit, "up");
  std::size_t credit = 0;
  const Rabbit::Handlers handlers{.credit = [&](std::size_t events) { credit += events; },
                                  .confirmed = [](std::uint64_t) {}};
  say_ready();
  for (std::uint64_t made = 0;;) {
    while (credit == 0) rabbit.handle(handlers);
    rabbit.hold_back(true);
    for (; credit > 0; --credit) {
      rabbit.publish(kPublished, "up", make_event(++made, clock_ns()));
    }
    rabbit.hold_back(false);
  }
}

void relay(const Options& options) {
  Rabbit rabbit{options.port};
  listen_for_credit(rabbit, "down");
  Receiver up{rabbit, "up"};
  std::size_t credit = 0;
  std::deque<std::pair<std::uint64_t, std::string>> held;  // for lack of credit
  std::deque<std::uint64_t> unconfirmed;                   // by their tags further up
  std::uint64_t confirmed = 0;
  const Rabbit::Handlers handlers{
      .event = [&](std::uint64_t tag,
                   std::string body) { held.emplace_back(tag, std::move(body)); },
      .credit = [&](std::size_t events) { credit += events; },
      .confirmed =
          [&](std::uint64_t upto) {
            for (; confirmed < upto; ++confirmed) {
              up.settled(unconfirmed.front());
              unconfirmed.pop_front();
            }
          }};
  say_ready();
  while (true) {
    rabbit.handle(handlers);
    if (credit == 0 || held.empty()) continue;
    rabbit.hold_back(true);
    for (; credit > 0 && !held.empty(); --credit) {
      rabbit.publish(kPublished, "down", held.front().second);
      unconfirmed.push_back(held.front().first);
      held.pop_front();
    }
    rabbit.hold_back(false);
  }
}

void sink(const Options& options) {
  Rabbit rabbit{options.port};
  Receiver down{rabbit, "down"};
  Meter meter = options.meter();
  const Rabbit::Handlers handlers{.event = [&](std::uint64_t tag, const std::string& body) {
    const std::uint64_t now = clock_ns();
    meter.arrived(1, now, now - time_of(body));
    down.settled(tag);
  }};
  say_ready();
  while (true) rabbit.handle(handlers);
}

}  // namespace
}  // namespace pullwire::bench

int main(int argc, char** argv) {
  using namespace pullwire::bench;
  return run_roles("bench_rabbitmq", {.source = source, .relay = relay, .sink = sink}, argc, argv);
}
