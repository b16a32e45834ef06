// The limit: the same relay on bare ZeroMQ PUSH/PULL, without credit, acknowledgements or
// sessions. Events are packed many a message; the relay decodes and encodes them again.
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <msgpack.hpp>
#include <zmq.hpp>

#include "common/ops/program.hpp"
#include "tests/bench/event.hpp"
#include "tests/bench/meter.hpp"

namespace pullwire::bench {
namespace {

struct Options {
  std::string upstream;
  std::string downstream;
  std::size_t batch = 500;
  double rate = 0;
  double warm_up = 1;
  double window = 3;
};

/// An array of events, as bytes.
class Batch {
 public:
  void begin(std::size_t events) {
    buffer_.clear();
    msgpack::packer<msgpack::sbuffer>{buffer_}.pack_array(static_cast<std::uint32_t>(events));
  }
  void add(std::string_view event) {
    msgpack::packer<msgpack::sbuffer> packer{buffer_};
    packer.pack_bin(static_cast<std::uint32_t>(event.size()));
    packer.pack_bin_body(event.data(), static_cast<std::uint32_t>(event.size()));
  }
  void send(zmq::socket_t& socket) {
    socket.send(zmq::buffer(buffer_.data(), buffer_.size()), zmq::send_flags::none);
  }

 private:
  msgpack::sbuffer buffer_;
};

/// Collects the events of a message, as views into it.
struct Events : msgpack::null_visitor {
  bool visit_bin(const char* data, std::uint32_t size) {
    events.emplace_back(data, size);
    return true;
  }
  void read(const zmq::message_t& message) {
    events.clear();
    std::size_t offset = 0;
    if (!msgpack::parse(message.data<char>(), message.size(), offset, *this)) {
      throw std::runtime_error{"a message that cannot be read"};
    }
  }

  std::vector<std::string_view> events;
};

void source(zmq::context_t& context, const Options& options) {
  zmq::socket_t socket{context, zmq::socket_type::push};
  socket.bind(options.upstream);
  Batch batch;
  std::string event;
  std::uint64_t made = 0;
  std::uint64_t due = clock_ns();
  const auto every =
      options.rate > 0 ? static_cast<std::uint64_t>(1e9 / options.rate) : std::uint64_t{0};
  while (true) {
    if (every > 0) {
      due += every;
      const timespec until{.tv_sec = static_cast<time_t>(due / 1'000'000'000U),
                           .tv_nsec = static_cast<long>(due % 1'000'000'000U)};
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    }
    batch.begin(options.batch);
    for (std::size_t i = 0; i < options.batch; ++i) {
      make_event(++made, clock_ns(), event);
      batch.add(event);
    }
    batch.send(socket);
  }
}

void relay(zmq::context_t& context, const Options& options) {
  zmq::socket_t in{context, zmq::socket_type::pull};
  zmq::socket_t out{context, zmq::socket_type::push};
  in.connect(options.upstream);
  out.connect(options.downstream);
  Events events;
  Batch batch;
  for (zmq::message_t message; in.recv(message);) {
    events.read(message);
    batch.begin(events.events.size());
    for (const std::string_view event : events.events) batch.add(event);
    batch.send(out);
  }
}

void sink(zmq::context_t& context, const Options& options) {
  zmq::socket_t socket{context, zmq::socket_type::pull};
  socket.bind(options.downstream);
  Meter meter{std::chrono::duration<double>{options.warm_up},
              std::chrono::duration<double>{options.window}};
  Events events;
  for (zmq::message_t message; socket.recv(message);) {
    events.read(message);
    const std::uint64_t now = clock_ns();
    meter.arrived(events.events.size(), now, now - time_of(events.events.front()));
  }
}

int run(int argc, char** argv) {
  CLI::App app{"A stage of the relay benchmark on bare PUSH/PULL"};
  Options options;
  app.require_subcommand(1);
  CLI::App* first = app.add_subcommand("source", "makes events");
  CLI::App* middle = app.add_subcommand("relay", "passes them on");
  CLI::App* last = app.add_subcommand("sink", "counts them");
  first->add_option("--upstream", options.upstream, "where to listen")->required();
  first->add_option("--batch", options.batch, "events a message");
  first->add_option("--rate", options.rate, "messages a second; 0: as many as go");
  middle->add_option("--upstream", options.upstream, "the source's endpoint")->required();
  middle->add_option("--downstream", options.downstream, "the sink's endpoint")->required();
  last->add_option("--downstream", options.downstream, "where to listen")->required();
  last->add_option("--warm-up", options.warm_up, "seconds before the window");
  last->add_option("--window", options.window, "seconds that are measured");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  zmq::context_t context;
  if (*first) source(context, options);
  if (*middle) relay(context, options);
  if (*last) sink(context, options);
  return 0;
}

}  // namespace
}  // namespace pullwire::bench

int main(int argc, char** argv) {
  return pullwire::run_program("bench_raw", [&] { return pullwire::bench::run(argc, argv); });
}
