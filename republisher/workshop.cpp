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

Workshop::Workshop(net::Loop& loop, std::vector<Destination> destinations, net::Time render_timeout,
                   Metrics& metrics, Finished finished)
    : loop_{loop},
      destinations_{std::move(destinations)},
      metrics_{metrics},
      publish_seconds_{metrics.histogram("publish_seconds",
                                         "From a post's begin to a publication's outcome", {},
                                         kPublishBuckets)},
      publish_seconds_seen_{kPublishBuckets},
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

Workshop::Job::Job(Workshop& shop) : shop_{shop} {
  for (const Product& product : shop_.products_) {
    tasks.push_back({.document = {nullptr, product.format, {}}, .outcome = {}, .rendered_at = {}});
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
    task.outcome.reset();
    task.rendered_at = {};
    task.wanted = work.post.pending.empty();
    task.before = 0;
    task.unrendered = false;
  }
  choose(job, work.post.pending);
  if (job.open == 0) return;
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
        task.before = one.attempts;
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
    destinations_[products_[i].destination].target->publish(
        task.document, [this, &job, i](Outcome outcome) { finish(job, i, std::move(outcome)); });
  }
}

void Workshop::finish(Job& job, std::size_t index, Outcome outcome) {
  publish_seconds_seen_.add(
      std::chrono::duration<double>(std::max(job.begun, loop_.now()) - job.begun).count());
  Product& product = products_[index];
  ++product.ended[static_cast<std::size_t>(outcome.status)];
  note(product, job, outcome);
  Task& task = job.tasks[index];
  (void)std::exchange(task.document.bytes, {});
  const Work& work = *job.given;
  end(job, {.post_id = work.post.post_id,
            .target = destinations_[product.destination].name,
            .format = product.format->name,
            .status = outcome.status,
            .attempts = task.before + work.delivery.attempts,
            .redelivered = work.delivery.redelivered,
            .location = outcome.location,
            .error = outcome.error,
            .retry_at = outcome.retry_at,
            .ingested_at = work.post.ingested_at,
            .rendered_at = task.rendered_at,
            .published_at = wall_clock(),
            .post = {}});
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

void Workshop::before_scrape() {
  publish_seconds_seen_.move_to(publish_seconds_);
  for (const Product& product : products_) {
    for (const Status status : {Status::Published, Status::Failed, Status::Deferred}) {
      const std::uint64_t ended = product.ended[static_cast<std::size_t>(status)];
      if (ended == 0) continue;
      raise_to(metrics_.counter("publications_total", "Publications by how they ended",
                                {{"target", destinations_[product.destination].name},
                                 {"format", std::string{product.format->name}},
                                 {"status", std::string{to_text(status)}}}),
               static_cast<double>(ended));
    }
  }
}

/// What is wrong with a post is said of each; what is wrong with a target, once.
void Workshop::note(const Product& product, const Job& job, const Outcome& outcome) {
  Destination& destination = destinations_[product.destination];
  switch (outcome.status) {
    case Status::Failed:
      log_warn("not published", {{"post", job.given->post.post_id},
                                 {"target", destination.name},
                                 {"format", product.format->name},
                                 {"reason", outcome.error}});
      break;
    case Status::Deferred:
      if (destination.trouble.empty()) {
        log_error("a target takes nothing; publications are deferred until it does",
                  {{"target", destination.name}, {"reason", outcome.error}});
      }
      destination.trouble = outcome.error;
      ++destination.deferred;
      destination.in_a_row = 0;
      break;
    case Status::Published:
      if (destination.trouble.empty()) break;
      // On a disk that is all but full a text finds room where its PDF has none.
      if (++destination.in_a_row < destination.formats.size()) break;
      log_info("a target takes publications again",
               {{"target", destination.name}, {"deferred", destination.deferred}});
      destination.trouble.clear();
      destination.deferred = 0;
      break;
  }
}

std::string Workshop::trouble() const {
  for (const Destination& destination : destinations_) {
    if (!destination.trouble.empty()) {
      return "target " + destination.name + " takes nothing: " + destination.trouble;
    }
  }
  return "";
}

void Workshop::drain() {
  for (const Destination& destination : destinations_) destination.target->drain();
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

std::string Workshop::contract() const {
  std::string contract;
  for (const Destination& destination : destinations_) {
    contract += destination.name + ":";
    for (const Format* format : destination.formats) contract += " " + std::string{format->name};
    contract += "\n";
  }
  return contract;
}

}  // namespace pullwire::republisher
