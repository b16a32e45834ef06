// The second stage: posts become publications. Demand is relayed: posts are asked for
// only while the reporter grants publications.
//
// Consumer of "posts" on every upstream link, producer of "publications" on every
// downstream link. Lives on the loop's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/flow/consumer.hpp"
#include "common/flow/link.hpp"
#include "common/flow/producer.hpp"
#include "common/flow/runs.hpp"
#include "common/flow/slots.hpp"
#include "common/model/spare_strings.hpp"
#include "common/net/link_socket.hpp"
#include "common/net/loop.hpp"
#include "common/ops/http_client.hpp"
#include "common/ops/http_server.hpp"
#include "common/ops/link_metrics.hpp"
#include "common/ops/service.hpp"
#include "common/ops/time_in.hpp"
#include "common/wire/gauges.hpp"
#include "republisher/workshop.hpp"

namespace pullwire::republisher {

struct Config {
  std::vector<std::string> upstream;
  std::vector<std::string> downstream;
  flow::Consumer::Demand demand;
  std::size_t concurrency;
  std::chrono::seconds render_timeout;
  std::chrono::seconds drain_timeout;
  std::optional<HttpAddress> http;
};

class Republisher {
 public:
  /// Makes the configured targets; some need the loop.
  using MakeDestinations =
      std::function<std::vector<Destination>(net::Loop&, const std::function<HttpClient&()>&)>;

  Republisher(Config config, const MakeDestinations& make_destinations);

  int run();

 private:
  /// A post that was received and is not settled.
  struct PostInHand {
    std::size_t upstream = 0;
    flow::SessionId session = 0;
    flow::Seq seq = 0;
    Workshop::Work work;
    net::MessageBytes message;  ///< that it came in, with what `work` has views into
    std::size_t unsettled = 0;  ///< publications the reporter has not settled, or not got

    /// The message may go, and so may memory that few posts need; the rest is used again.
    void leave() {
      message.reset();
      if (work.post.hashtags.capacity() > 16) work.post.hashtags = {};
      if (work.post.media.capacity() > 8) work.post.media = {};
      if (work.post.pending.capacity() > 0) work.post.pending = {};
    }
  };
  struct Upstream {
    Upstream(const Config& config, flow::Instance instance, std::uint64_t seed);
    flow::Consumer consumer;
    flow::Link link;
    std::unique_ptr<net::LinkSocket> socket;
    std::map<flow::SessionId, std::string> gauges;  ///< of the ingestor, as received
  };
  struct Downstream {
    Downstream(Republisher& owner, std::uint64_t seed);
    flow::Link link;
    std::unique_ptr<net::LinkSocket> socket;
    std::uint32_t republishers = 0;  ///< that the reporter has sessions with
  };
  struct Record {
    std::string front;  ///< encoded, up to the post's bytes
    Workshop::Ticket post = 0;
    bool with_post = false;

    void leave() {
      if (front.capacity() > SpareStrings::kMostBytesEach) (void)std::exchange(front, {});
    }
  };

  void receive(std::size_t upstream, const wire::Data& data, const net::MessageBytes& message);
  void upstream_changed(std::size_t upstream);
  void downstream_changed();
  void take_closures(std::string_view reports);
  [[nodiscard]] bool may_begin(Workshop::Ticket ticket);
  void work();
  void finished(Workshop::Ticket ticket, const Publication& publication);
  void send_records();
  void settle(Workshop::Ticket ticket);
  void forget(Workshop::Ticket ticket);
  void tell_settled(flow::Outcome outcome);
  void release_unbegun();
  void announce(flow::Consumer::When when);
  void drain();
  void maybe_finish();
  void tidy_when_idle();
  [[nodiscard]] std::string report() const;
  void before_scrape();
  void measure();
  [[nodiscard]] std::string not_ready() const;

  Config config_;
  net::Loop loop_;
  std::optional<HttpClient> http_;  // if a target needs it
  Metrics metrics_{"republisher"};
  flow::Instance instance_;
  LinkMetrics posts_metrics_;
  LinkMetrics publications_metrics_;
  flow::Slots<PostInHand> posts_;
  flow::Slots<Record> records_;
  std::deque<Workshop::Ticket> queue_;  // received, not begun
  flow::Runs settled_;                  // not told upstream's consumer
  Workshop workshop_;
  flow::Producer producer_;
  Service service_;
  std::vector<std::unique_ptr<Upstream>> upstreams_;
  std::vector<std::unique_ptr<Downstream>> downstreams_;
  wire::DataEncoder encoder_;
  TimeIn blocked_;
  net::Time started_;
  std::optional<net::Loop::TimerId> tidy_timer_;
  std::uint64_t settled_total_ = 0;
  bool untidy_ = false;  // published since the last tidy
  bool tidying_ = false;
  bool draining_ = false;
  bool parting_ = false;  // upstream is done: saying goodbye downstream
};

}  // namespace pullwire::republisher
