// A relay on the link of this project, with an opaque payload: source, relay and sink as
// processes of their own. Credit, settlement from end to end, redelivery: all as in the
// executables; without sources, rendering and databases.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/flow/consumer.hpp"
#include "common/flow/link.hpp"
#include "common/flow/producer.hpp"
#include "common/flow/runs.hpp"
#include "common/flow/slots.hpp"
#include "common/net/identity.hpp"
#include "common/net/link_socket.hpp"
#include "common/net/loop.hpp"
#include "common/ops/program.hpp"
#include "tests/bench/event.hpp"
#include "tests/bench/meter.hpp"

namespace pullwire::bench {
namespace {

using flow::Link;
using When = flow::Consumer::When;

constexpr std::size_t kMadeAtOnce = 500;  // events, before they are sent

struct Options {
  std::string upstream;
  std::string downstream;
  std::uint32_t max_demand = 1000;
  double rate = 0;
  double warm_up = 1;
  double window = 3;
};

Link::Config config_of(Link::Side side, const char* name, std::uint32_t max_demand) {
  return {.side = side,
          .instance = net::new_instance(),
          .name = name,
          .max_demand = max_demand,
          .max_sessions = 1024,
          .seed = net::new_seed()};
}

flow::Consumer::Demand demand_of(const Options& options) {
  return {.min = options.max_demand / 2, .max = options.max_demand};
}

/// Sends what credit allows; an event's bytes are kept until it is settled.
template <class BytesOf>
void dispatch(flow::Producer& producer, net::LinkSocket& socket, wire::DataEncoder& encoder,
              const BytesOf& bytes_of) {
  while (const auto batch = producer.next()) {
    encoder.begin(batch->session, batch->first, batch->events.size(), batch->bytes);
    for (const auto& [tag, delivery, returned_at] : batch->events)
      encoder.add(delivery, bytes_of(tag));
    socket.send(batch->session, encoder.finish());
  }
}

/// Makes events, as many as are asked for, or `rate` a second of them.
class Source {
 public:
  explicit Source(const Options& options)
      : link_{config_of(Link::Side::Binder, "source", 0), producer_},
        socket_{loop_,
                options.upstream,
                link_,
                Link::Side::Binder,
                {.events = {}, .changed = [this] { changed(); }}},
        every_{options.rate > 0
                   ? std::chrono::nanoseconds{static_cast<std::int64_t>(1e9 / options.rate)}
                   : net::Time::zero()} {
    loop_.before_sleep([this] { pump(); });
  }
  void run() { loop_.run(); }

 private:
  void changed() {
    (void)link_.take_changes();
    (void)link_.take_gauges();
    for (const flow::EventTag tag : producer_.take_accepted()) kept_.leave(tag);
    pump();
  }

  void pump() {
    send();
    while (producer_.wanted() > 0 && (every_ == net::Time::zero() || due_ <= net::clock_now())) {
      const bool paced = every_ > net::Time::zero();
      if (paced && due_ == net::Time::zero()) due_ = net::clock_now();
      for (std::size_t i = 0; i < kMadeAtOnce && producer_.wanted() > 0; ++i) {
        if (paced && due_ > net::clock_now()) break;
        due_ += every_;
        const flow::EventTag tag = kept_.reuse();
        make_event(++made_, clock_ns(), kept_[tag]);
        producer_.offer(tag, kept_[tag].size(), false);
      }
      send();
    }
    if (every_ == net::Time::zero() || timer_ || producer_.wanted() == 0) return;
    timer_ = loop_.at(due_, [this] {
      timer_.reset();
      pump();
    });
  }

  void send() {
    dispatch(producer_, socket_, encoder_,
             [this](flow::EventTag tag) -> std::string_view { return kept_[tag]; });
  }

  net::Loop loop_;
  flow::Producer producer_{{}};
  Link link_;
  net::LinkSocket socket_;
  wire::DataEncoder encoder_;
  flow::Slots<std::string> kept_;
  net::Time every_;
  net::Time due_{};
  std::optional<net::Loop::TimerId> timer_;
  std::uint64_t made_ = 0;
};

/// Passes events on, one for one; settles each when it is settled further down.
class Relay {
 public:
  explicit Relay(const Options& options)
      : consumer_{demand_of(options), flow::Consumer::Budget::Each},
        up_{config_of(Link::Side::Connector, "relay", options.max_demand), consumer_},
        down_{config_of(Link::Side::Connector, "relay", 0), producer_} {
    consumer_.set_gate(false);
    loop_.before_sleep([this] {
      send();
      announce(When::BeforeSleep);
    });
    upstream_ = std::make_unique<net::LinkSocket>(
        loop_, options.upstream, up_, Link::Side::Connector,
        net::LinkSocket::Handlers{
            .events = [this](const wire::Data& data,
                             const net::MessageBytes& message) { receive(data, message); },
            .changed = [this] { forget(up_); }});
    downstream_ = std::make_unique<net::LinkSocket>(
        loop_, options.downstream, down_, Link::Side::Connector,
        net::LinkSocket::Handlers{.events = {}, .changed = [this] { settled(); }});
  }
  void run() { loop_.run(); }

 private:
  /// An event lives in the message in which it came.
  struct Kept {
    flow::SessionId session = 0;
    flow::Seq seq = 0;
    std::string_view bytes;
    net::MessageBytes message;
  };

  static void forget(Link& link) {
    (void)link.take_changes();
    (void)link.take_gauges();
  }

  void receive(const wire::Data& data, const net::MessageBytes& message) {
    flow::Seq seq = data.head.first;
    for (const wire::Event& event : data.events) {
      const auto tag = kept_.reuse();
      kept_[tag] = {data.head.session, seq++, event.payload, message};
      producer_.offer(tag, event.payload.size(), event.delivery.redelivered);
    }
    send();
  }

  /// What was settled further down, by the run.
  void settled() {
    forget(down_);
    for (const flow::EventTag tag : producer_.take_accepted()) {
      Kept& event = kept_[tag];
      settled_.add(0, event.session, event.seq);
      event.message.reset();
      kept_.leave(tag);
    }
    for (const flow::Run& run : settled_.take()) {
      consumer_.settle(run.session, run.events, flow::Outcome::Accepted);
    }
    announce(When::Due);
    send();
  }

  void announce(When when) {
    consumer_.set_gate(producer_.credit() > 0);
    up_.announce(when);
    upstream_->flush();
  }

  void send() {
    dispatch(producer_, *downstream_, encoder_,
             [this](flow::EventTag tag) { return kept_[tag].bytes; });
  }

  net::Loop loop_;
  flow::Consumer consumer_;
  flow::Producer producer_{{}};
  Link up_;
  Link down_;
  std::unique_ptr<net::LinkSocket> upstream_;
  std::unique_ptr<net::LinkSocket> downstream_;
  wire::DataEncoder encoder_;
  flow::Slots<Kept> kept_;
  flow::Runs settled_;
};

/// Settles whatever arrives at once, and measures.
class Sink {
 public:
  explicit Sink(const Options& options)
      : consumer_{demand_of(options), flow::Consumer::Budget::Shared},
        link_{config_of(Link::Side::Binder, "sink", options.max_demand), consumer_},
        socket_{loop_,
                options.downstream,
                link_,
                Link::Side::Binder,
                {.events = [this](const wire::Data& data, const auto&) { receive(data); },
                 .changed =
                     [this] {
                       (void)link_.take_changes();
                       (void)link_.take_gauges();
                       link_.announce(When::Due);
                     }}},
        meter_{std::chrono::duration<double>{options.warm_up},
               std::chrono::duration<double>{options.window}} {
    loop_.before_sleep([this] {
      link_.announce(When::BeforeSleep);
      socket_.flush();
    });
  }
  void run() { loop_.run(); }

 private:
  void receive(const wire::Data& data) {
    const std::uint64_t now = clock_ns();
    meter_.arrived(data.events.size(), now, now - time_of(data.events.front().payload));
    consumer_.settle(data.head.session, {data.head.first, data.head.first + data.events.size() - 1},
                     flow::Outcome::Accepted);
  }

  net::Loop loop_;
  flow::Consumer consumer_;
  Link link_;
  net::LinkSocket socket_;
  Meter meter_;
};

int run(int argc, char** argv) {
  CLI::App app{"A stage of the relay benchmark on links"};
  Options options;
  app.require_subcommand(1);
  CLI::App* source = app.add_subcommand("source", "makes events");
  CLI::App* relay = app.add_subcommand("relay", "passes them on");
  CLI::App* sink = app.add_subcommand("sink", "takes and counts them");
  source->add_option("--upstream", options.upstream, "where to listen")->required();
  source->add_option("--rate", options.rate, "events a second; 0: as asked for");
  relay->add_option("--upstream", options.upstream, "the source's endpoint")->required();
  relay->add_option("--downstream", options.downstream, "the sink's endpoint")->required();
  sink->add_option("--downstream", options.downstream, "where to listen")->required();
  for (CLI::App* consumer : {relay, sink}) {
    consumer->add_option("--max-demand", options.max_demand, "events in flight");
  }
  sink->add_option("--warm-up", options.warm_up, "seconds before the window");
  sink->add_option("--window", options.window, "seconds that are measured");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  if (*source) Source{options}.run();
  if (*relay) Relay{options}.run();
  if (*sink) Sink{options}.run();
  return 0;
}

}  // namespace
}  // namespace pullwire::bench

int main(int argc, char** argv) {
  return pullwire::run_program("bench_link", [&] { return pullwire::bench::run(argc, argv); });
}
