#include "common/net/link_socket.hpp"

#include <filesystem>
#include <optional>

#include <unistd.h>

#include "tests/catch.hpp"

using namespace pullwire;
using namespace pullwire::net;
using namespace std::chrono_literals;

namespace {

using Side = flow::Link::Side;

flow::Link::Config side(Side of, std::uint8_t instance) {
  flow::Link::Config config;
  config.side = of;
  config.instance[0] = instance;
  config.max_demand = 8;
  return config;
}

/// A producer that listens and a consumer that calls, on one loop and real sockets.
struct Pair {
  Pair() {
    loop.on_signal([](int) {});
    host.emplace(loop, endpoint, host_link, Side::Binder,
                 LinkSocket::Handlers{{}, [this] { changed(); }});
    caller.emplace(loop, endpoint, caller_link, Side::Connector,
                   LinkSocket::Handlers{[this](const wire::Data& data, const MessageBytes&) {
                                          received += data.events.size();
                                        },
                                        [this] { changed(); }});
    made = true;
    loop.before_sleep([this] {
      caller_link.announce(flow::Consumer::When::BeforeSleep);
      if (caller) caller->flush();
    });
  }
  ~Pair() {
    caller.reset();
    host.reset();
    std::filesystem::remove(endpoint.substr(6));
  }
  void changed() {
    called_too_early |= !made;
    for (const auto& change : host_link.take_changes()) note(change);
    for (const auto& change : caller_link.take_changes()) note(change);
    while (const auto batch = producer.next()) {
      encoder.begin(batch->session, batch->first, batch->events.size());
      for (const auto& sent : batch->events) encoder.add(sent.delivery, "payload");
      host->send(batch->session, encoder.finish());
    }
  }
  void note(const flow::Link::Change& change) {
    if (const auto* end = std::get_if<flow::Link::Ended>(&change)) ended.push_back(end->reason);
  }
  /// Runs the loop until `reached`; false if that takes five seconds.
  bool run_until(std::function<bool()> reached) {
    bool late = false;
    const auto limit = loop.at(clock_now() + 5s, [&] {
      late = true;
      loop.stop();
    });
    const auto watch = loop.before_sleep([&] {
      if (reached()) loop.stop();
    });
    loop.run();
    loop.forget_last_call(watch);
    loop.cancel(limit);
    return !late;
  }

  Loop loop;
  std::string endpoint = "ipc://" + (std::filesystem::temp_directory_path() /
                                     ("pullwire-unit-" + std::to_string(getpid())))
                                        .string();
  flow::Producer producer{{}};
  flow::Consumer consumer{{.min = 4, .max = 8}, flow::Consumer::Budget::Each};
  flow::Link host_link{side(Side::Binder, 1), producer};
  flow::Link caller_link{side(Side::Connector, 2), consumer};
  wire::DataEncoder encoder;
  std::optional<LinkSocket> host;
  std::optional<LinkSocket> caller;
  std::size_t received = 0;
  std::vector<std::string> ended;
  bool made = false;
  bool called_too_early = false;
};

}  // namespace

TEST_CASE("two link sockets find each other and move events", "[net]") {
  Pair pair;
  CHECK_FALSE(pair.called_too_early);
  for (flow::EventTag tag = 1; tag <= 8; ++tag) pair.producer.offer(tag, 7, false);
  CHECK(pair.run_until([&] { return pair.received == 8; }));
}

TEST_CASE("a goodbye is heard though the connection is gone with it", "[net]") {
  Pair pair;
  REQUIRE(pair.run_until([&] { return pair.producer.credit() == 8; }));
  pair.host_link.drain(pair.loop.now());
  pair.host->flush();
  pair.host.reset();  // its connection ends with it
  CHECK(pair.run_until([&] { return pair.ended.size() == 2; }));
  CHECK(pair.ended == std::vector<std::string>{"goodbye", "goodbye"});
}

TEST_CASE("a connector whose peer is gone finds the next one", "[net]") {
  Pair pair;
  REQUIRE(pair.run_until([&] { return pair.producer.credit() == 8; }));
  pair.host.reset();
  REQUIRE(pair.run_until([&] { return pair.caller_link.sessions() == 0; }));
  CHECK(pair.ended == std::vector<std::string>{"disconnected"});
  pair.host.emplace(pair.loop, pair.endpoint, pair.host_link, Side::Binder,
                    LinkSocket::Handlers{{}, [&] { pair.changed(); }});
  CHECK(pair.run_until([&] { return pair.caller_link.sessions() == 1; }));
}
