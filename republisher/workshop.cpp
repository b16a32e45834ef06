#include "republisher/workshop.hpp"

#include <exception>
#include <map>
#include <utility>

#include <unistd.h>

#include "common/flow/check.hpp"
#include "common/ops/log.hpp"
#include "common/wire/events.hpp"

namespace pullwire::republisher {

Workshop::Workshop(net::Loop& loop, std::vector<Destination> destinations, net::Time render_timeout,
                   Metrics& metrics, Finished finished)
    : loop_{loop},
      destinations_{std::move(destinations)},
      metrics_{metrics},
      publish_seconds_{metrics.histogram(
          "publish_seconds", "From a post's begin to a publication's outcome", {},
          {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60})},
      finished_{std::move(finished)},
      worker_{
          loop, render_timeout, [](const std::string& post) {
            log_error("rendering hangs past render_timeout; this process ends", {{"post", post}});
            _exit(1);  // the worker's thread cannot be joined
          }} {
  for (const Destination& destination : destinations_) per_post_ += destination.formats.size();
}

void Workshop::begin(Work work) {
  under_way_ += per_post_;
  busy_.set(true, loop_.now());
  auto job = std::make_shared<Job>();
  job->work = std::move(work);
  job->begun = std::chrono::steady_clock::now();
  if (!wire::decode_post(job->work.bytes, job->post)) {
    // Its consumer looked at it before: it cannot have changed since.
    CHECK(!"a post in hand is readable");
  }
  for (std::size_t i = 0; i < destinations_.size(); ++i) {
    for (const Format* format : destinations_[i].formats) {
      job->tasks.push_back({.destination = i,
                            .document = {&job->post, format, {}},
                            .outcome = std::nullopt,
                            .rendered_at = {}});
    }
  }
  job->open = job->tasks.size();
  if (job->work.delivery.give_up) {
    const std::string reason = "given up after " + std::to_string(job->work.delivery.attempts) +
                               " attempts: each time the republisher that had it died or hung";
    fail(*job, reason);
    return publish(job);
  }
  if (!job->post.refused.empty()) {
    fail(*job, std::string{job->post.refused});
    return publish(job);
  }
  worker_.add({.work = [this, job] { render(*job); },
               .done = [this, job] { publish(job); },
               .name = std::string{job->post.post_id}});
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
  struct Rendered {
    std::string bytes;
    std::string error;
    Timestamp at;
  };
  std::map<const Format*, Rendered> rendered;
  for (Task& task : job.tasks) {
    const Format* format = task.document.format;
    auto [it, fresh] = rendered.try_emplace(format);
    Rendered& result = it->second;
    if (fresh) {
      try {
        result.bytes = format->render(job.post);
      } catch (const std::exception& error) {
        result.error = std::string{"cannot be rendered: "} + error.what();
      }
      result.at = wall_clock();
    }
    task.rendered_at = result.at;
    if (!result.error.empty()) {
      task.outcome =
          Outcome{.status = Status::Failed, .location = {}, .error = result.error, .retry_at = {}};
      continue;
    }
    task.document.bytes = result.bytes;
    task.outcome = destinations_[task.destination].target->prepare(task.document);
  }
}

/// Back on the loop: what is not done by now is published without blocking.
void Workshop::publish(const std::shared_ptr<Job>& job) {
  for (Task& task : job->tasks) {
    if (task.outcome) {
      finish(job, task, std::move(*task.outcome));
      continue;
    }
    destinations_[task.destination].target->publish(
        task.document,
        [this, job, &task](Outcome outcome) { finish(job, task, std::move(outcome)); });
  }
}

void Workshop::finish(const std::shared_ptr<Job>& job, Task& task, Outcome outcome) {
  CHECK(job->open > 0);
  const bool first = job->open == job->tasks.size();
  --job->open;
  --under_way_;
  if (under_way_ == 0) busy_.set(false, loop_.now());
  publish_seconds_.Observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - job->begun).count());
  Destination& destination = destinations_[task.destination];
  metrics_
      .counter("publications_total", "Publications by how they ended",
               {{"target", destination.name},
                {"format", std::string{task.document.format->name}},
                {"status", std::string{to_text(outcome.status)}}})
      .Increment();
  note(destination, *job, task, outcome);
  finished_(job->work.ticket,
            {.post_id = job->post.post_id,
             .target = destination.name,
             .format = task.document.format->name,
             .status = outcome.status,
             .attempts = job->work.delivery.attempts,
             .redelivered = job->work.delivery.redelivered,
             .location = outcome.location,
             .error = outcome.error,
             .retry_at = outcome.retry_at,
             .ingested_at = job->post.ingested_at,
             .rendered_at = task.rendered_at,
             .published_at = wall_clock(),
             .post = first ? std::string_view{job->work.bytes} : std::string_view{}});
}

/// What is wrong with a post is said of each; what is wrong with a target, once.
void Workshop::note(Destination& destination, const Job& job, const Task& task,
                    const Outcome& outcome) {
  switch (outcome.status) {
    case Status::Failed:
      log_warn("not published", {{"post", job.post.post_id},
                                 {"target", destination.name},
                                 {"format", task.document.format->name},
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
