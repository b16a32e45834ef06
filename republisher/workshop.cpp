#include "republisher/workshop.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <unistd.h>

#include "common/flow/check.hpp"
#include "common/ops/log.hpp"

namespace pullwire::republisher {
namespace {

const std::vector<double> kPublishBuckets{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2,
                                          0.5,   1,     2,     5,    10,   30,   60};

}  // namespace

Workshop::Workshop(net::Loop& loop, std::vector<Destination> destinations, std::size_t most_posts,
                   net::Time render_timeout, Metrics& metrics, MayBegin may_begin,
                   Finished finished)
    : loop_{loop},
      destinations_{std::move(destinations)},
      backlog_(destinations_.size()),
      any_queues_{std::any_of(destinations_.begin(), destinations_.end(),
                              [](const Destination& one) { return one.target->queues(); })},
      lane_{std::max<std::size_t>(1, most_posts / std::max<std::size_t>(1, destinations_.size()))},
      metrics_{metrics},
      publish_seconds_{metrics.histogram("publish_seconds",
                                         "From a post's begin to a publication's outcome", {},
                                         kPublishBuckets)},
      publish_seconds_seen_{kPublishBuckets},
      may_begin_{std::move(may_begin)},
      finished_{std::move(finished)},
      worker_{
          loop, render_timeout, [](const std::string& post) {
            log_error("rendering hangs past render_timeout; this process ends", {{"post", post}});
            _exit(1);  // the worker's thread cannot be joined
          }} {
  for (std::size_t i = 0; i < destinations_.size(); ++i) {
    for (const Format* format : destinations_[i].formats) {
      const auto same =
          std::find_if(products_.begin(), products_.end(),
                       [&](const Product& product) { return product.format == format; });
      products_.push_back({.destination = i,
                           .format = format,
                           .rendered_as = static_cast<std::size_t>(same - products_.begin())});
    }
  }
}

Workshop::Job::Job(Workshop& shop) : open_at(shop.destinations_.size()), shop_{shop} {
  for (const Product& product : shop_.products_) {
    Task& task = tasks.emplace_back();
    task.document.format = product.format;
    task.document.may_begin = [this] { return shop_.may_begin_(given->ticket); };
  }
}

Workshop::Job& Workshop::take_job() {
  if (spare_.empty()) return jobs_.emplace_back(*this);
  Job& job = *spare_.back();
  spare_.pop_back();
  return job;
}

void Workshop::begin(const Work& work) {
  busy_.set(true, loop_.now());
  Job& job = take_job();
  job.given = &work;
  if (begun_.empty()) begun_at_ = net::clock_now();
  job.begun = begun_at_;
  job.open = publications_of(work.post);
  job.untold = true;
  under_way_ += job.open;
  for (Task& task : job.tasks) {
    task.document.post = &work.post;
    task.document.redelivered = work.delivery.redelivered;
    task.document.replayed = !work.post.pending.empty();
    task.document.attempts = work.delivery.attempts;
    task.document.alone = work.delivery.attempts > 1;
    task.document.left_alone = std::chrono::milliseconds{work.delivery.age_ms};
    task.outcome.reset();
    task.rendered_at = {};
    task.wanted = work.post.pending.empty();
    task.unrendered = false;
    task.queued = 0;
  }
  choose(job, work.post.pending);
  if (job.open == 0) return;
  for (std::size_t i = 0; any_queues_ && i < job.tasks.size(); ++i) {
    if (!job.tasks[i].wanted) continue;
    if (job.open_at[products_[i].destination]++ == 0) ++backlog_[products_[i].destination];
  }
  if (work.delivery.give_up) {
    const std::string reason = "given up after " + std::to_string(work.delivery.attempts) +
                               " attempts: each time the republisher that had it died or hung";
    fail(job, reason);
    return publish(job);
  }
  if (!work.post.refused.empty()) {
    fail(job, std::string{work.post.refused});
    return publish(job);
  }
  begun_.push_back(&job);
}

/// Of a replayed post. Of what was configured once and is not any more there is a record, too.
void Workshop::choose(Job& job, const std::vector<Pending>& pending) {
  for (const Pending& one : pending) {
    const auto product =
        std::find_if(products_.begin(), products_.end(), [&](const Product& candidate) {
          return destinations_[candidate.destination].name == one.target &&
                 candidate.format->name == one.format;
        });
    if (product != products_.end()) {
      Task& task = job.tasks[static_cast<std::size_t>(product - products_.begin())];
      if (!std::exchange(task.wanted, true)) {
        task.document.attempts += one.attempts;
        continue;
      }
    }
    end(job, {.post_id = job.given->post.post_id,
              .target = one.target,
              .format = one.format,
              .status = Status::Failed,
              .attempts = one.attempts,
              .redelivered = job.given->delivery.redelivered,
              .location = {},
              .error = "there is no such target any more",
              .retry_at = {},
              .ingested_at = job.given->post.ingested_at,
              .rendered_at = {},
              .published_at = wall_clock(),
              .post = {}});
  }
}

void Workshop::submit() {
  worker_.add(begun_);
  begun_.clear();
}

/// Unrendered: its publications have no time of that.
void Workshop::fail(Job& job, const std::string& reason) {
  for (Task& task : job.tasks) {
    task.outcome =
        Outcome{.status = Status::Failed, .location = {}, .error = reason, .retry_at = {}};
  }
}

/// On the worker: every format once, whatever the number of targets that want it.
void Workshop::render(Job& job) const {
  for (std::size_t i = 0; i < job.tasks.size(); ++i) {
    Task& task = job.tasks[i];
    const Task& first = job.tasks[products_[i].rendered_as];
    if (!task.wanted) continue;
    if (&first == &task || !first.wanted) {
      render(task);
    } else {
      task.rendered_at = first.rendered_at;
      task.unrendered = first.unrendered;
      if (task.unrendered) task.outcome = first.outcome;
      task.document.bytes = first.document.bytes;
    }
    if (task.unrendered) continue;
    task.outcome = destinations_[products_[i].destination].target->prepare(task.document);
  }
  // What is published is not needed any more; freed where it was allocated.
  for (Task& task : job.tasks) {
    if (task.outcome) (void)std::exchange(task.document.bytes, {});
  }
}

void Workshop::render(Task& task) {
  try {
    task.document.bytes = task.document.format->render(*task.document.post);
  } catch (const std::exception& error) {
    task.unrendered = true;
    task.outcome = Outcome{.status = Status::Failed,
                           .location = {},
                           .error = std::string{"cannot be rendered: "} + error.what(),
                           .retry_at = {}};
  }
  task.rendered_at = wall_clock();
}

/// Back on the loop: what is not done by now is published without blocking.
void Workshop::publish(Job& job) {
  for (std::size_t i = 0; i < job.tasks.size(); ++i) {
    Task& task = job.tasks[i];
    if (!task.wanted) continue;
    if (task.outcome) {
      finish(job, i, std::move(*task.outcome));
      continue;
    }
    Target& target = *destinations_[products_[i].destination].target;
    if (target.queues()) {
      ++queued_;
      task.queued = task.document.bytes.size() + 1;  // none counts nothing
      queued_bytes_ += task.queued;
    }
    target.publish(task.document,
                   [this, &job, i](Outcome outcome) { finish(job, i, std::move(outcome)); });
  }
  if (queued_ > 0) bound_lanes(job);
}

void Workshop::finish(Job& job, std::size_t index, Outcome outcome) {
  publish_seconds_seen_.add(
      std::chrono::duration<double>(std::max(job.begun, loop_.now()) - job.begun).count());
  Product& product = products_[index];
  ++product.ended[static_cast<std::size_t>(outcome.status)];
  note(product, job, outcome);
  Task& task = job.tasks[index];
  (void)std::exchange(task.document.bytes, {});
  if (task.queued > 0) {
    --queued_;
    queued_bytes_ -= std::exchange(task.queued, 0);
  }
  const Work& work = *job.given;
  const bool last_here = any_queues_ && --job.open_at[product.destination] == 0;
  if (last_here) --backlog_[product.destination];
  end(job, {.post_id = work.post.post_id,
            .target = destinations_[product.destination].name,
            .format = product.format->name,
            .status = outcome.status,
            .attempts = task.document.attempts,
            .redelivered = work.delivery.redelivered,
            .location = outcome.location,
            .error = outcome.error,
            .retry_at = outcome.retry_at,
            .ingested_at = work.post.ingested_at,
            .rendered_at = task.rendered_at,
            .published_at = wall_clock(),
            .post = {}});
  if (last_here && queued_ > 0) bound_lanes(job);
}

/// The post goes along with the first, for the database's row of it, and with whatever may have
/// to be replayed.
void Workshop::end(Job& job, Publication publication) {
  CHECK(job.open > 0);
  --job.open;
  --under_way_;
  if (under_way_ == 0) busy_.set(false, loop_.now());
  if (job.open == 0) spare_.push_back(&job);
  const bool first = std::exchange(job.untold, false);
  if (first || publication.status != Status::Published) publication.post = job.given->bytes;
  finished_(job.given->ticket, publication);
}

void Workshop::tidy(std::function<void()> then) {
  worker_.add({.work =
                   [this] {
                     for (const Destination& destination : destinations_) {
                       destination.target->tidy();
                     }
                   },
               .done = std::move(then),
               .name = "index"});
}

}  // namespace pullwire::republisher
