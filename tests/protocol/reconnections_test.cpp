// Peers that come and go, thousands of times: each process has as many descriptors open and as
// much memory as before.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/catch.hpp"
#include "tests/protocol/raw_peer.hpp"
#include "tests/protocol/stages.hpp"
#include "tests/sanitized.hpp"

namespace pullwire::tests {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::size_t kGrowth = kSanitized ? 64 * kMiB : 2 * kMiB;
constexpr int kWarmUp = 300;

struct Footprint {
  std::size_t descriptors;
  std::size_t resident;
};

/// When nobody is connected any more, and connectors have been calling in vain for a second
/// (they rest for a second at most): the least that is seen within another.
Footprint at_rest(const Process& process) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  Footprint least{SIZE_MAX, SIZE_MAX};
  const auto seen = [&] {
    if (Clock::now() < begin + 2s) return false;
    least.descriptors = std::min(least.descriptors, process.descriptors());
    least.resident = std::min(least.resident, process.resident_bytes());
    return Clock::now() > begin + 3s;
  };
  CHECK(eventually(seen));
  return least;
}

void expect_no_growth(const Footprint& before, const Footprint& after) {
  CAPTURE(before.resident, after.resident);
  CHECK(after.descriptors == before.descriptors);
  CHECK(after.resident <= before.resident + kGrowth);
}

/// Comes, and goes in one of the ways in which peers do.
void visit(RawPeer&& peer, int number, flow::Role role) {
  peer.greet();
  switch (number % 4) {
    case 0: peer.bye(); return peer.vanish();
    case 1: return peer.vanish();
    case 2:
      peer.send_bytes("garbage");
      CHECK(peer.expect<flow::Error>().code == flow::ErrorCode::Malformed);
      return;
    default: break;
  }
  if (role == flow::Role::Consumer) {
    peer.grant(1);
    peer.events(1);
    peer.settle(1);
  } else {
    // Whose goodbye was lost with its connection may hold the budget for a while.
    peer.credit_until([](const flow::Credit& credit) { return credit.limit >= 1; });
    peer.produce({a_publication(std::to_string(number))});
    peer.credit_until([](const flow::Credit& credit) { return credit.cum == 1; });
  }
  peer.round_trip();
  peer.bye();
}

template <class Stage>
void visit_often(Stage& stage, flow::Role role, int visits) {
  const auto visit_all = [&](int first, int last) {
    for (int i = first; i < last; ++i) {
      visit(RawPeer{stage.endpoint(), RawPeer::Side::Connector, role}, i, role);
    }
    REQUIRE(meanwhile([&] { return stage.total("pullwire_sessions") == 0; }));
  };
  visit_all(0, kWarmUp);
  const Footprint before = at_rest(stage.process());
  visit_all(kWarmUp, kWarmUp + visits);
  expect_no_growth(before, at_rest(stage.process()));
}

/// The other ends of a republisher, all of them: welcomes everybody and sends them away.
class RevolvingDoor {
 public:
  explicit RevolvingDoor(std::vector<std::string> endpoints) : endpoints_{std::move(endpoints)} {}

  /// Until so many have been sent away; then there is nobody.
  void turn(int visits) {
    zmq::socket_t socket{context_, zmq::socket_type::router};
    socket.set(zmq::sockopt::linger, 0);
    for (const std::string& endpoint : endpoints_) socket.bind(endpoint);
    const auto until = std::chrono::steady_clock::now() + 60s + visits * 20ms;
    for (int i = 0; i < visits;) {
      REQUIRE(std::chrono::steady_clock::now() < until);
      std::array<zmq::pollitem_t, 1> items{{{socket.handle(), 0, ZMQ_POLLIN, 0}}};
      if (zmq::poll(items.data(), items.size(), 10ms) == 0) continue;
      zmq::message_t from;
      zmq::message_t frame;
      REQUIRE(socket.recv(from));
      REQUIRE(socket.recv(frame));
      const auto decoded = decoder_.decode({frame.data<char>(), frame.size()});
      const auto* message = std::get_if<flow::Message>(&decoded);
      const auto* hello = message != nullptr ? std::get_if<flow::Hello>(message) : nullptr;
      if (hello == nullptr) continue;
      const auto session = static_cast<flow::SessionId>(++session_);
      const bool producer = hello->role == flow::Role::Producer;
      const auto say = [&](const flow::Message& word) {
        socket.send(zmq::buffer(from.data(), from.size()), zmq::send_flags::sndmore);
        socket.send(zmq::buffer(wire::encode(word)), zmq::send_flags::none);
      };
      say(flow::Welcome{.session = session,
                        .number = hello->number,
                        .name = "revolving door",
                        .max_demand = producer ? 10U : 0U});
      if (i++ % 2 == 0) {
        say(flow::Bye{session});
      } else {
        say(flow::Error{.session = session, .code = flow::ErrorCode::Invalid, .text = "out"});
      }
    }
  }

 private:
  std::vector<std::string> endpoints_;
  zmq::context_t context_;
  wire::Decoder decoder_;
  int session_ = 0;
};

/// A connector waits half a second at least, so that many of them are needed.
void send_away_often(int visits) {
  constexpr int kUpstreams = 100;
  const TempDir dir;
  std::vector<std::string> endpoints;
  std::vector<std::string> flags;
  for (int i = 0; i < kUpstreams; ++i) {
    endpoints.push_back("ipc://" + (dir / std::to_string(i)).string());
    flags.insert(flags.end(), {"--upstream", endpoints.back()});
  }
  endpoints.push_back("ipc://" + (dir / "down").string());
  flags.insert(flags.end(), {"--downstream", endpoints.back()});
  LoneRepublisher republisher{"null:", "\"text\"", flags};
  RevolvingDoor door{endpoints};
  door.turn(kWarmUp);
  const Footprint before = at_rest(republisher.process());
  door.turn(visits);
  expect_no_growth(before, at_rest(republisher.process()));
}

}  // namespace

TEST_CASE("an ingestor is the same after thousands of reconnections", "[ingestor]") {
  LoneIngestor ingestor;
  visit_often(ingestor, flow::Role::Consumer, kSanitized ? 200 : 1'000);
}

TEST_CASE("a reporter is the same after thousands of reconnections", "[reporter]") {
  LoneReporter reporter{1'000};
  visit_often(reporter, flow::Role::Producer, kSanitized ? 200 : 1'000);
}

TEST_CASE("a republisher is the same after thousands of reconnections", "[republisher]") {
  send_away_often(kSanitized ? 300 : 1'000);
}

TEST_CASE("an ingestor is the same after ten thousand reconnections", "[.long][ingestor]") {
  LoneIngestor ingestor;
  visit_often(ingestor, flow::Role::Consumer, 10'000);
}

TEST_CASE("a reporter is the same after ten thousand reconnections", "[.long][reporter]") {
  LoneReporter reporter{1'000};
  visit_often(reporter, flow::Role::Producer, 10'000);
}

TEST_CASE("a republisher is the same after ten thousand reconnections", "[.long][republisher]") {
  send_away_often(10'000);
}

}  // namespace pullwire::tests
