// A post's documents: rendered and published, everywhere it is to go.
//
// Lives on the loop's thread; rendering and files are a worker's. Knows nothing of
// links: posts come in, publication records go out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/flow/messages.hpp"
#include "common/flow/slots.hpp"
#include "common/model/publication.hpp"
#include "common/net/worker.hpp"
#include "common/ops/metrics.hpp"
#include "common/ops/time_in.hpp"
#include "republisher/publish/target.hpp"
#include "republisher/render/renderer.hpp"

namespace pullwire::republisher {

/// A target as configured.
struct Destination {
  std::string name;
  std::unique_ptr<Target> target;
  std::vector<const Format*> formats;
  std::string trouble{};     ///< why it defers what it is given; "" while it does not
  std::size_t deferred = 0;  ///< since then
  std::size_t in_a_row = 0;  ///< published since the last deferred one
};

class Workshop {
 public:
  using Ticket = std::uint64_t;

  struct Work {
    Ticket ticket;      ///< the owner's
    std::string bytes;  ///< the post, encoded
    flow::Delivery delivery;
  };
  /// Takes one finished publication; its strings live during the call.
  using Finished = std::function<void(Ticket, const Publication&)>;

  Workshop(net::Loop& loop, std::vector<Destination> destinations, net::Time render_timeout,
           Metrics& metrics, Finished finished);

  /// Publications that one post makes.
  [[nodiscard]] std::size_t publications_per_post() const noexcept { return per_post_; }
  /// Publications under way.
  [[nodiscard]] std::size_t under_way() const noexcept { return under_way_; }

  void begin(Work work);

  /// Brings indexes up to date; `then` is called when that is done.
  void tidy(std::function<void()> then);

  [[nodiscard]] const TimeIn& busy() const noexcept { return busy_; }

  /// Why a target takes nothing at present, for the operator; "" while all do.
  [[nodiscard]] std::string trouble() const;

  /// What the reporter compares between republishers, one line a target.
  [[nodiscard]] std::string contract() const;

 private:
  struct Task {
    std::size_t destination;
    Document document;
    std::optional<Outcome> outcome;
    Timestamp rendered_at;
  };
  struct Job {
    Work work;
    Post post;  ///< views into work.bytes
    std::vector<Task> tasks;
    std::size_t open = 0;  ///< tasks without an outcome
    std::chrono::steady_clock::time_point begun;
  };

  static void fail(Job& job, const std::string& reason);
  void render(Job& job) const;
  void note(Destination& destination, const Job& job, const Task& task, const Outcome& outcome);
  void publish(const std::shared_ptr<Job>& job);
  void finish(const std::shared_ptr<Job>& job, Task& task, Outcome outcome);

  net::Loop& loop_;
  std::vector<Destination> destinations_;
  std::size_t per_post_ = 0;
  std::size_t under_way_ = 0;
  Metrics& metrics_;
  Histogram& publish_seconds_;
  Finished finished_;
  TimeIn busy_;
  net::Worker worker_;  // last: its thread ends before what it uses
};

}  // namespace pullwire::republisher
