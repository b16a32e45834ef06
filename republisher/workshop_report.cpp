// What operators see of a workshop. The rest of it: workshop.cpp.
#include "common/ops/log.hpp"
#include "republisher/workshop.hpp"

namespace pullwire::republisher {
namespace {

using namespace std::chrono_literals;

/// One that queues has recovered when it has deferred nothing for so long.
constexpr net::Time kQuiet = 30s;
/// Nobody is told of a trouble after which nothing was deferred for so long: little may come.
constexpr net::Time kForgotten = 120s;

/// A target that works and is only slower than the rest is no error.
void tell_deferred(const Destination& destination, const std::string& why) {
  const bool works = destination.target->queues() && destination.target->trouble().empty();
  if (works) {
    log_info("a target is slower than what comes; that is deferred",
             {{"target", destination.name}, {"reason", why}});
  } else {
    log_error("a target does not take what comes; it is deferred",
              {{"target", destination.name}, {"reason", why}});
  }
}

}  // namespace

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
      if (destination.trouble.empty()) tell_deferred(destination, outcome.error);
      destination.trouble = outcome.error;
      ++destination.deferred;
      destination.in_a_row = 0;
      destination.deferred_at = loop_.now();
      break;
    case Status::Published:
      if (destination.trouble.empty()) break;
      // On a disk that is all but full a text finds room where its PDF has none.
      if (++destination.in_a_row < destination.formats.size()) break;
      if (destination.target->queues() && loop_.now() < destination.deferred_at + kQuiet) break;
      log_info("a target takes publications again",
               {{"target", destination.name}, {"deferred", destination.deferred}});
      destination.trouble.clear();
      destination.deferred = 0;
      break;
  }
}

std::string Workshop::trouble() const {
  std::string all;
  for (const Destination& destination : destinations_) {
    std::string why = destination.target->trouble();
    const bool over =
        destination.target->queues() && loop_.now() > destination.deferred_at + kForgotten;
    if (why.empty() && !over) why = destination.trouble;
    if (why.empty()) continue;
    all += all.empty() ? "" : "; ";
    all += "target " + destination.name + " does not take what comes: " + why;
  }
  return all;
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
