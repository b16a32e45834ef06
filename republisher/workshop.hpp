// A post's documents: rendered and published, everywhere it is to go.
//
// Lives on the loop's thread; rendering and files are a worker's. Knows nothing of
// links: posts come in, publication records go out.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/flow/messages.hpp"
#include "common/model/post.hpp"
#include "common/model/publication.hpp"
#include "common/net/worker.hpp"
#include "common/ops/metrics.hpp"
#include "common/ops/time_in.hpp"
#include "common/wire/gauges.hpp"
#include "republisher/publish/target.hpp"
#include "republisher/render/renderer.hpp"

namespace pullwire::republisher {

/// A target as configured. What publishes over a network queues at its target, in a lane of its
/// own: a target may fall behind the fastest by its part of the posts that are under way; beyond
/// that its publications are deferred, so that it never holds up another.
struct Destination {
  std::string name;
  std::unique_ptr<Target> target;
  std::vector<const Format*> formats;
  std::string trouble{};     ///< why it defers what it is given; "" while it does not
  std::size_t deferred = 0;  ///< since then
  std::size_t in_a_row = 0;  ///< published since the last deferred one
  net::Time deferred_at{};   ///< the last one
};

class Workshop {
 public:
  using Ticket = std::uint64_t;

  /// A post to be published. The owner keeps it, and what its views are views into, in
  /// place until its last publication is finished.
  struct Work {
    Ticket ticket = 0;       ///< the owner's
    std::string_view bytes;  ///< the post, encoded
    Post post;               ///< the same, decoded
    flow::Delivery delivery;
  };
  /// Takes one finished publication; its strings live during the call.
  using Finished = std::function<void(Ticket, const Publication&)>;
  /// Whether work for the post may begin: its ingestor was heard lately.
  using MayBegin = std::function<bool(Ticket)>;

  /// `most_posts`: that will ever be under way.
  Workshop(net::Loop& loop, std::vector<Destination> destinations, std::size_t most_posts,
           net::Time render_timeout, Metrics& metrics, MayBegin may_begin, Finished finished);

  /// Publications that one post makes.
  [[nodiscard]] std::size_t publications_per_post() const noexcept { return products_.size(); }
  /// Those of this one, which may be replayed for some of them.
  [[nodiscard]] std::size_t publications_of(const Post& post) const noexcept {
    return post.pending.empty() ? products_.size() : post.pending.size();
  }
  /// Publications under way, without those that queue at a target.
  [[nodiscard]] std::size_t working() const noexcept { return under_way_ - queued_; }
  /// Whether documents that queue take all the memory that they may.
  [[nodiscard]] bool full() const noexcept { return queued_bytes_ >= kMostQueuedBytes; }

  void begin(const Work& work);
  /// Has what was begun worked on: many posts cost one handing over.
  void submit();

  /// What waits at a target of these posts is let go: they come again, to somebody.
  void let_go(const std::function<bool(Ticket)>& of);

  /// Brings indexes up to date; `then` is called when that is done.
  void tidy(std::function<void()> then);

  /// So many republishers have a session with the reporter; 0: none is known, not even our own.
  void share(std::size_t republishers);

  /// Targets whose platforms want no request for a while, as they said to us.
  [[nodiscard]] std::vector<wire::Closure> closed() const;
  /// As they said to another republisher.
  void close(const wire::Closure& closure);

  /// The process is asked to end: nothing waits for long any more.
  void drain();

  /// Brings the metrics up to date.
  void before_scrape();

  [[nodiscard]] const TimeIn& busy() const noexcept { return busy_; }

  /// Why a target takes nothing at present, for the operator; "" while all do.
  [[nodiscard]] std::string trouble() const;

  /// What the reporter compares between republishers, one line a target.
  [[nodiscard]] std::string contract() const;

 private:
  static constexpr std::size_t kMostQueuedBytes = std::size_t{64} * 1024 * 1024;

  /// What every post is to become: one format for one target.
  struct Product {
    std::size_t destination;
    const Format* format;
    std::size_t rendered_as;               ///< first product of that format: rendered once
    std::array<std::uint64_t, 3> ended{};  ///< by status
  };
  struct Task {
    Document document;
    std::optional<Outcome> outcome;
    Timestamp rendered_at;
    bool wanted = true;       ///< else the post is replayed for others
    bool unrendered = false;  ///< it could not be
    std::size_t queued = 0;   ///< bytes that wait at the target
  };
  /// A post under way; used again for another one afterwards.
  class Job final : public net::Worker::Job {
   public:
    explicit Job(Workshop& shop);
    void work() override { shop_.render(*this); }
    void done() override { shop_.publish(*this); }
    [[nodiscard]] std::string name() const override { return std::string{given->post.post_id}; }

    const Work* given = nullptr;
    std::vector<Task> tasks;           ///< one a product
    std::size_t open = 0;              ///< publications without an outcome
    bool untold = true;                ///< none has ended
    std::vector<std::size_t> open_at;  ///< the same by destination
    net::Time begun{};

   private:
    Workshop& shop_;
  };

  Job& take_job();
  static void fail(Job& job, const std::string& reason);
  void render(Job& job) const;
  static void render(Task& task);
  void choose(Job& job, const std::vector<Pending>& pending);
  void publish(Job& job);
  void finish(Job& job, std::size_t product, Outcome outcome);
  void end(Job& job, Publication publication);
  void bound_lanes(Job& job);
  void note(const Product& product, const Job& job, const Outcome& outcome);

  net::Loop& loop_;
  std::vector<Destination> destinations_;
  std::vector<Product> products_;
  std::deque<Job> jobs_;  // all there are
  std::vector<Job*> spare_;
  std::vector<net::Worker::Job*> begun_;  // not submitted
  net::Time begun_at_{};                  // the first of them
  std::size_t republishers_ = 0;          // that share targets
  std::size_t under_way_ = 0;
  std::size_t queued_ = 0;            // of these, at a target
  std::size_t queued_bytes_ = 0;      // of documents
  std::vector<std::size_t> backlog_;  // by destination: posts that it has not finished
  const bool any_queues_;             // else nobody falls behind
  const std::size_t lane_;            // posts by which a target may fall behind the fastest
  Metrics& metrics_;
  Histogram& publish_seconds_;
  Observations publish_seconds_seen_;  // since the last scrape
  MayBegin may_begin_;
  Finished finished_;
  TimeIn busy_;
  net::Worker worker_;  // last: its thread ends before what it uses
};

}  // namespace pullwire::republisher
