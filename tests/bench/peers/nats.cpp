// The relay through NATS JetStream: streams in memory that forget what was acknowledged, push
// consumers with one window of pending acknowledgements, asynchronous publishing. A publisher's
// acknowledgement does not bound a stream: credit does, as plain messages.
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <nats/nats.h>

#include "tests/bench/event.hpp"
#include "tests/bench/peers/roles.hpp"

namespace pullwire::bench {
namespace {

constexpr std::int64_t kForeverMs = 24LL * 3600 * 1000;

void check(natsStatus status) {
  if (status != NATS_OK) throw std::runtime_error{natsStatus_GetText(status)};
}

template <class Type, void (*Destroy)(Type*)>
struct Destroyer {
  void operator()(Type* object) const { Destroy(object); }
};
template <class Type, void (*Destroy)(Type*)>
using Owned = std::unique_ptr<Type, Destroyer<Type, Destroy>>;

using Connection = Owned<natsConnection, natsConnection_Destroy>;
using JetStream = Owned<jsCtx, jsCtx_Destroy>;
using Subscription = Owned<natsSubscription, natsSubscription_Destroy>;
using Message = Owned<natsMsg, natsMsg_Destroy>;

std::string_view text_of(const natsMsg* message) {
  return {natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))};
}

Message next(natsSubscription* subscription) {
  natsMsg* message = nullptr;
  check(natsSubscription_NextMsg(&message, subscription, kForeverMs));
  return Message{message};
}

Connection connect(std::uint16_t port) {
  natsConnection* connection = nullptr;
  check(
      natsConnection_ConnectTo(&connection, ("nats://127.0.0.1:" + std::to_string(port)).c_str()));
  return Connection{connection};
}

/// The end of a hop that takes events. May be used by one thread at a time.
class Receiver {
 public:
  Receiver(natsConnection* connection, const std::string& subject)
      : connection_{connection}, credit_{subject + ".credit"} {
    jsCtx* context = nullptr;
    check(natsConnection_JetStream(&context, connection_, nullptr));
    context_.reset(context);
    const char* name = subject.c_str();
    jsStreamConfig stream;
    check(jsStreamConfig_Init(&stream));
    stream.Name = name;
    stream.Subjects = &name;
    stream.SubjectsLen = 1;
    stream.Storage = js_MemoryStorage;
    stream.Retention = js_InterestPolicy;  // until its one consumer has acknowledged it
    check(js_AddStream(nullptr, context_.get(), &stream, nullptr, nullptr));
    jsSubOptions consumer;
    check(jsSubOptions_Init(&consumer));
    consumer.Stream = name;
    consumer.Config.AckPolicy = js_AckAll;  // one for all up to it
    consumer.Config.MaxAckPending = kWindow;
    natsSubscription* subscription = nullptr;
    check(js_SubscribeSync(&subscription, context_.get(), name, nullptr, &consumer, nullptr));
    subscription_.reset(subscription);
  }

  void give_credit(std::size_t events) {
    check(
        natsConnection_PublishString(connection_, credit_.c_str(), std::to_string(events).c_str()));
  }
  Message event() { return next(subscription_.get()); }

  void settled(natsMsg* message) {
    if (++count_ < kBatch) return;
    check(natsMsg_Ack(message, nullptr));
    give_credit(std::exchange(count_, 0));
  }

 private:
  natsConnection* connection_;
  std::string credit_;
  JetStream context_;
  Subscription subscription_;
  std::size_t count_ = 0;
};

/// The end of a hop that publishes, as much as there is credit for.
class Sender {
 public:
  /// `published` is called in another thread, once for each event, in order.
  Sender(natsConnection* connection, std::string subject, std::function<void()> published)
      : subject_{std::move(subject)}, published_{std::move(published)} {
    jsOptions options;
    check(jsOptions_Init(&options));
    options.PublishAsync.MaxPending = kWindow;
    options.PublishAsync.StallWait = kForeverMs;
    options.PublishAsync.AckHandler = answered;
    options.PublishAsync.AckHandlerClosure = this;
    jsCtx* context = nullptr;
    check(natsConnection_JetStream(&context, connection, &options));
    context_.reset(context);
    natsSubscription* subscription = nullptr;
    check(natsConnection_SubscribeSync(&subscription, connection, (subject_ + ".credit").c_str()));
    subscription_.reset(subscription);
    check(natsConnection_Flush(connection));  // the server knows of the subscription
  }

  void wait_for_credit() {
    if (credit_ == 0) credit_ = std::stoul(std::string{text_of(next(subscription_.get()).get())});
  }
  void publish(std::string_view event) {
    check(js_PublishAsync(context_.get(), subject_.c_str(), event.data(),
                          static_cast<int>(event.size()), nullptr));
    --credit_;
  }

 private:
  static void answered(jsCtx*, natsMsg* message, jsPubAck* ack, jsPubAckErr* error, void* sender) {
    natsMsg_Destroy(message);
    auto& self = *static_cast<Sender*>(sender);
    if (error != nullptr ||
        ack->Sequence != ++self.sequence_) {  // thrown through C it would be lost
      std::fprintf(stderr, "bench_nats: an event is not in its place: %s\n",
                   error != nullptr ? error->ErrText : "another was stored there");
      std::_Exit(kExitWorld);
    }
    self.published_();
  }

  std::string subject_;
  std::function<void()> published_;
  std::uint64_t sequence_ = 0;
  JetStream context_;
  Subscription subscription_;
  std::size_t credit_ = 0;
};

void source(const Options& options) {
  const Connection connection = connect(options.port);
  Sender up{connection.get(), "up", [] {}};
  say_ready();
  for (std::uint64_t made = 0;;) {
    up.wait_for_credit();
    up.publish(make_event(++made, clock_ns()));
  }
}

void relay(const Options& options) {
  const Connection connection = connect(options.port);
  Receiver up{connection.get(), "up"};
  std::mutex mutex;
  std::deque<Message> unsettled;
  Sender down{connection.get(), "down", [&] {
                Message message;
                {
                  const std::lock_guard lock{mutex};
                  message = std::move(unsettled.front());
                  unsettled.pop_front();
                }
                up.settled(message.get());
              }};
  up.give_credit(kWindow);
  say_ready();
  while (true) {
    down.wait_for_credit();
    Message event = up.event();
    const std::string_view body = text_of(event.get());
    {
      const std::lock_guard lock{mutex};
      unsettled.push_back(std::move(event));
    }
    down.publish(body);
  }
}

void sink(const Options& options) {
  const Connection connection = connect(options.port);
  Receiver down{connection.get(), "down"};
  Meter meter = options.meter();
  down.give_credit(kWindow);
  say_ready();
  while (true) {
    const Message event = down.event();
    const std::uint64_t now = clock_ns();
    meter.arrived(1, now, now - time_of(text_of(event.get())));
    down.settled(event.get());
  }
}

}  // namespace
}  // namespace pullwire::bench

int main(int argc, char** argv) {
  using namespace pullwire::bench;
  return run_roles("bench_nats", {.source = source, .relay = relay, .sink = sink}, argc, argv);
}
