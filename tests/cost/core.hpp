// One producer and its consumers in one thread: the pure core and the codec, without sockets.
// What they cost an event can be counted here, and the count is the same every time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/flow/consumer.hpp"
#include "common/flow/link.hpp"
#include "common/flow/producer.hpp"
#include "common/wire/codec.hpp"

namespace pullwire::cost {

class Core {
 public:
  /// All sessions are open and have granted `max_demand` each.
  Core(std::size_t sessions, std::uint32_t max_demand);

  /// So many events are offered, sent, received, settled and known to be settled, as many
  /// at a time as there is credit.
  void pass(std::uint64_t events);

 private:
  struct Leaf {
    Leaf(std::size_t index, std::uint32_t max_demand);
    flow::Route route;  ///< of the leaf, at the hub
    flow::Consumer consumer;
    flow::Link link;
    wire::Decoder decoder;
  };

  void tell(Leaf& leaf, flow::Consumer::When when);
  void exchange(Leaf& leaf);
  bool to_hub(Leaf& leaf);
  bool to_leaf(Leaf& leaf);
  Leaf& leaf_of(flow::SessionId session);

  flow::Producer producer_{{}};
  flow::Link hub_;
  wire::Decoder decoder_;
  wire::DataEncoder encoder_;
  std::vector<std::unique_ptr<Leaf>> leaves_;
  std::string payload_ = std::string(280, 'x');
  std::uint64_t offered_ = 0;
};

}  // namespace pullwire::cost
