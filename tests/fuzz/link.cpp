// The core, fed with what peers may send: right, wrong and in any order, while time passes,
// connections break and the owner goes on working. No CHECK of the core may fail, and a good peer
// must be served afterwards.
#include <chrono>
#include <string>
#include <utility>

#include "tests/fuzz/input.hpp"
#include "tests/fuzz/link_end.hpp"
#include "tests/fuzz/memory.hpp"
#include "tests/fuzz/target.hpp"

namespace pullwire::fuzz {
namespace {

class Peers {
 public:
  Peers(LinkEnd& end, Input& input) : end_{end}, input_{input} {}

  /// Takes the next step from the input.
  void step() {
    switch (input_.below(20)) {
      case 0: return end_.receive(route(0), input_.bytes(input_.byte()));
      case 1: return hello();
      case 2: return welcome();
      case 3: return events();
      case 4: return say([this](const auto& s) { return credit(s); });
      case 5: return say([this](const auto& s) { return heartbeat(s); });
      case 6: return say([](const auto& s) { return flow::Drain{s.id}; });
      case 7:
        return say([this](const auto& s) { return flow::Drained{s.id, input_.near(s.received)}; });
      case 8: return say([](const auto& s) { return flow::Bye{s.id}; });
      case 9: return say([this](const auto& s) { return error(s); });
      case 10: return end_.disconnected(some_route());
      case 11: return end_.connected();
      case 12: return end_.pass(std::chrono::milliseconds{25} * input_.byte());
      case 13: return end_.offer();
      case 14: return end_.send();
      case 15: return end_.settle(input_.byte(), flow::Outcome::Accepted);
      case 16: return end_.settle(input_.byte(), flow::Outcome::Released);
      case 17: return end_.announce(flow::Consumer::When::Due);
      case 18: return end_.announce(flow::Consumer::When::BeforeSleep);
      default: return seldom();
    }
  }

 private:
  using Session = LinkEnd::Session;

  void seldom() {
    switch (input_.below(4)) {
      case 0: return end_.set_gate(false);
      case 1: return end_.set_gate(true);
      case 2: return end_.drain();
      default: return end_.pass(std::chrono::milliseconds{1500});
    }
  }

  flow::Route route(std::size_t number) const {
    return end_.is_binder() ? "route " + std::to_string(number) : "";
  }
  flow::Route some_route() { return route(input_.below(4)); }

  /// A live session mostly; else one that ended, or that never was.
  Session some_session() {
    const std::size_t which = input_.byte();
    const auto& live = end_.live();
    if (which < 0xf0 && !live.empty()) return live[which % live.size()];
    Session none{};
    none.id = which % 2 == 0 ? end_.last_dead() : which;
    none.route = route(which % 4);
    return none;
  }

  template <class Make>
  void say(Make make) {
    const Session session = some_session();
    const flow::Message message = make(session);
    // Seldom on another connection than its own.
    end_.receive(input_.byte() == 0xff ? some_route() : session.route, message);
  }

  void hello() {
    const flow::Route from = some_route();
    const bool wrong_role = input_.below(16) == 15;
    const flow::Role other =
        end_.is_producer() == wrong_role ? flow::Role::Producer : flow::Role::Consumer;
    flow::Hello hello;
    hello.role = other;
    hello.instance = {static_cast<std::uint8_t>(input_.below(8))};
    hello.number = input_.byte();
    hello.max_demand = static_cast<std::uint32_t>(input_.below(16));
    hello.name = input_.bytes(input_.below(4));
    hello.contract = input_.bytes(input_.below(4));
    if (input_.below(32) == 31) hello.version_min = input_.byte();
    end_.receive(from, hello);
  }

  void welcome() {
    const flow::Route from = some_route();
    flow::Welcome welcome;
    welcome.session = input_.byte();
    welcome.number = end_.last_hello() - input_.below(8) / 7;
    welcome.instance = {static_cast<std::uint8_t>(input_.below(8))};
    welcome.max_demand = static_cast<std::uint32_t>(input_.below(16));
    if (input_.below(32) == 31) welcome.version = input_.byte();
    end_.receive(from, welcome);
  }

  void events() {
    const Session session = some_session();
    const Seq first = input_.near(session.received + 1);
    const auto count = static_cast<std::uint32_t>(1 + input_.below(16));
    if (first == 0) return;  // the decoder refuses it
    end_.receive_events(session.route, {.session = session.id, .first = first, .count = count});
  }

  std::vector<SeqRange> ranges(Seq above) {
    std::vector<SeqRange> ranges;
    for (std::size_t i = input_.below(4); i > 0; --i) {
      const Seq first = input_.near(above + 2);
      const Seq last = input_.near(first);
      if (last < first) break;  // has no bytes
      ranges.push_back({first, last});
      above = last;
    }
    return ranges;
  }

  flow::Credit credit(const Session& session) {
    flow::Credit credit;
    credit.session = session.id;
    credit.cum = input_.near(session.sent);
    credit.limit = input_.near(credit.cum + 4);
    credit.settled = ranges(credit.cum);
    credit.released = ranges(0);
    return credit;
  }

  flow::Heartbeat heartbeat(const Session& session) {
    flow::Heartbeat heartbeat;
    heartbeat.session = session.id;
    heartbeat.sessions = input_.byte();
    heartbeat.sent = input_.near(session.received);
    heartbeat.confirmed = input_.near(0);
    if (input_.below(2) == 1) heartbeat.credit = credit(session);
    if (input_.byte() == 0xff) heartbeat.credit.emplace().session = session.id + 1;
    heartbeat.gauges = input_.bytes(input_.below(8));
    return heartbeat;
  }

  flow::Error error(const Session& session) {
    flow::Error error;
    error.session = input_.below(4) == 3 ? 0 : session.id;
    error.number = end_.last_hello() - input_.below(2);
    error.code = static_cast<flow::ErrorCode>(input_.byte());
    error.text = input_.bytes(input_.below(8));
    return error;
  }

  LinkEnd& end_;
  Input& input_;
};

}  // namespace
}  // namespace pullwire::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace pullwire;
  fuzz::Input input{{reinterpret_cast<const char*>(bytes), size}};
  const fuzz::MemoryBound bound{fuzz::memory_for(size)};
  const std::uint8_t kind = input.byte();
  fuzz::LinkEnd end{
      {.side = (kind & 1U) != 0 ? flow::Link::Side::Connector : flow::Link::Side::Binder,
       .role = (kind & 2U) != 0 ? flow::Role::Consumer : flow::Role::Producer,
       .budget = (kind & 4U) != 0 ? flow::Consumer::Budget::Shared : flow::Consumer::Budget::Each}};
  fuzz::Peers peers{end, input};
  while (!input.empty()) peers.step();
  end.recover();
  return 0;
}
