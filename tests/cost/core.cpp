#include "tests/cost/core.hpp"

#include <variant>

#include "common/flow/check.hpp"

namespace pullwire::cost {
namespace {

using flow::Link;

constexpr flow::Time kNow{1};
const flow::Route kHub;  // a connector has one route, the empty one

flow::Instance instance_of(std::size_t index) {
  flow::Instance instance{};
  instance[0] = static_cast<std::uint8_t>(index);
  instance[1] = static_cast<std::uint8_t>(index >> 8U);
  return instance;
}

}  // namespace

Core::Leaf::Leaf(std::size_t index, std::uint32_t max_demand)
    : route{"leaf " + std::to_string(index)},
      consumer{{.min = max_demand / 2, .max = max_demand}, flow::Consumer::Budget::Each},
      link{{.side = Link::Side::Connector,
            .instance = instance_of(index),
            .name = route,
            .max_demand = max_demand,
            .seed = index},
           consumer} {}

Core::Core(std::size_t sessions, std::uint32_t max_demand)
    : hub_{{.side = Link::Side::Binder, .instance = instance_of(0), .name = "hub"}, producer_} {
  for (std::size_t i = 1; i <= sessions; ++i) {
    Leaf& leaf = *leaves_.emplace_back(std::make_unique<Leaf>(i, max_demand));
    leaf.link.connected(kNow);
    exchange(leaf);
    tell(leaf, flow::Consumer::When::BeforeSleep);
  }
  CHECK(producer_.credit() == sessions * max_demand);
}

void Core::pass(std::uint64_t events) {
  const std::uint64_t enough = producer_.accepted_total() + events;
  while (producer_.accepted_total() < enough) {
    while (offered_ < enough && producer_.wanted() > 0) {
      producer_.offer(++offered_, payload_.size(), false);
    }
    const auto batch = producer_.next();
    if (!batch) {
      for (const auto& leaf : leaves_) tell(*leaf, flow::Consumer::When::BeforeSleep);
      continue;
    }
    encoder_.begin(batch->session, batch->first, batch->events.size(), batch->bytes);
    for (const auto& [tag, delivery, returned_at] : batch->events) encoder_.add(delivery, payload_);
    Leaf& leaf = leaf_of(batch->session);
    const msgpack::sbuffer message = encoder_.finish();
    const auto decoded = leaf.decoder.decode(wire::view(message));
    const auto& data = std::get<wire::Data>(decoded);
    const bool taken = leaf.link.receive(kHub, data.head, kNow);
    CHECK(taken);
    const flow::SeqRange received{data.head.first, data.head.first + data.head.count - 1};
    leaf.consumer.settle(data.head.session, received, flow::Outcome::Accepted);
    tell(leaf, flow::Consumer::When::Due);
  }
}

void Core::tell(Leaf& leaf, flow::Consumer::When when) {
  leaf.link.announce(when);
  exchange(leaf);
  (void)producer_.take_accepted();
}

void Core::exchange(Leaf& leaf) {
  while (to_hub(leaf) || to_leaf(leaf)) {
  }
}

bool Core::to_hub(Leaf& leaf) {
  const auto messages = leaf.link.take_outgoing();
  for (const Link::Outgoing& out : messages) {
    const std::string bytes = wire::encode(out.message);
    const auto decoded = decoder_.decode(bytes);
    hub_.receive(leaf.route, std::get<flow::Message>(decoded), kNow);
  }
  return !messages.empty();
}

bool Core::to_leaf(Leaf& leaf) {
  const auto messages = hub_.take_outgoing();
  for (const Link::Outgoing& out : messages) {
    CHECK(out.to == leaf.route);
    const std::string bytes = wire::encode(out.message);
    const auto decoded = leaf.decoder.decode(bytes);
    leaf.link.receive(kHub, std::get<flow::Message>(decoded), kNow);
  }
  return !messages.empty();
}

/// By what the hub says of the session, as its socket does.
Core::Leaf& Core::leaf_of(flow::SessionId session) {
  const flow::Route* route = hub_.route(session);
  CHECK(route != nullptr);
  return *leaves_[std::stoul(route->substr(5)) - 1];
}

}  // namespace pullwire::cost
