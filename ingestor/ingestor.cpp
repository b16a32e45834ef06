#include "ingestor/ingestor.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "common/net/identity.hpp"
#include "common/ops/log.hpp"

namespace pullwire::ingestor {
namespace {

using namespace std::chrono_literals;

/// From the begin of one write of the state to that of the next. What is settled just
/// after the first is known with the second: half of the 100 ms that a kill may cost is
/// left for slow disks and for a loop that is late.
constexpr net::Time kSaveEvery = 50ms;
constexpr net::Time kSaveRetry = 1s;
/// Requests to sources in a row before the sockets get their turn.
constexpr int kPullsPerTurn = 16;

/// The most posts of a source that are sent above its stored cursor.
std::size_t most_sent(const Config& config) {
  return config.max_span + kMostBeyondWanted;
}

/// Posts settled above the cursor, and those that a source lists again, are known by this memory
/// alone.
std::size_t seen_keep(const Config& config) {
  return std::max(config.seen_keep, most_sent(config) + kMostListed);
}

}  // namespace

Ingestor::Ingestor(net::Loop& loop, Config config, std::vector<FilteredSource> sources)
    : loop_{loop},
      config_{std::move(config)},
      state_{config_.state, seen_keep(config_)},
      instance_{net::new_instance()},
      producer_{{.max_attempts = config_.max_attempts}},
      link_{{.side = flow::Link::Side::Binder,
             .instance = instance_,
             .name = net::process_name("ingestor"),
             .seed = net::new_seed(),
             .gauges = [this] { return report(); }},
            producer_},
      link_metrics_{metrics_, "posts"},
      cursor_lag_{metrics_.gauge("cursor_lag_posts", "Newest post read minus cursor", {})},
      intake_{std::move(sources),
              HashtagFilter{config_.hashtags},
              {.seen_keep = seen_keep(config_),
               .max_span = config_.max_span,
               .sent_before = state_.begin(most_sent(config_))},
              state_,
              metrics_,
              [this](PostInHand post, bool redelivered) {
                const std::size_t bytes = post.bytes.size();
                producer_.offer(posts_.add(std::move(post)), bytes, redelivered);
              }},
      service_{loop_,
               metrics_,
               config_.http,
               config_.drain_timeout,
               {.drain = [this] { drain(); },
                .unsettled = [this] { return unsettled(); },
                .not_ready = [this] { return not_ready(); },
                .before_scrape = [this] { before_scrape(); }}},
      socket_{loop_,
              config_.bind,
              link_,
              flow::Link::Side::Binder,
              {.events = {}, .changed = [this] { changed(); }}},
      started_{loop_.now()},
      writer_{loop_, net::Time::zero(), {}} {
  loop_.before_sleep([this] {
    pump();
    socket_.flush();
  });
  blocked_.set(true, loop_.now());
}

int Ingestor::run() {
  log_info("started", {{"bind", config_.bind}, {"state", config_.state.string()}});
  return service_.run();
}

/// The link took a message or the time.
void Ingestor::changed() {
  for (const auto& change : link_.take_changes()) link_metrics_.take(change);
  (void)link_.take_gauges();  // nothing below the ingestor concerns it
  const auto accepted = producer_.take_accepted();
  for (const flow::EventTag tag : accepted) intake_.settle(posts_.take(tag));
  save_what_moved();
  blocked_.set(producer_.credit() == 0, loop_.now());
  service_.check_ready();
  pump();
}

/// Turns credit into posts: asks the sources for what is granted and not waiting.
void Ingestor::pump() {
  if (draining_) return maybe_finish();
  dispatch();
  std::optional<Time> again;
  for (int i = 0; i < kPullsPerTurn && producer_.wanted() > 0; ++i) {
    const std::uint64_t wanted = producer_.wanted();
    again = intake_.pull(loop_.now(), static_cast<std::size_t>(wanted));
    dispatch();
    if (!again || *again > loop_.now()) break;
  }
  if (pull_timer_) loop_.cancel(*pull_timer_);
  pull_timer_.reset();
  if (again && *again != kWhenNews && producer_.wanted() > 0) {
    pull_timer_ = loop_.at(*again, [this] {
      pull_timer_.reset();
      pump();
    });
  }
  blocked_.set(producer_.credit() == 0, loop_.now());
  if (intake_.waits_for_store() && !saving_ && save_error_.empty()) save(false);
  save_what_moved();
  maybe_finish();
}

void Ingestor::dispatch() {
  while (const auto batch = producer_.next()) {
    encoder_.begin(batch->session, batch->first, batch->events.size(), batch->bytes);
    std::size_t redelivered = 0;
    for (const auto& [tag, from_flow, returned_at] : batch->events) {
      flow::Delivery delivery = from_flow;
      if (delivery.redelivered) {
        // What the run before may have sent nobody has had since this one began.
        const Time since = returned_at == Time{} ? started_ : returned_at;
        const auto age = std::max<Time::rep>(1, (loop_.now() - since) / 1ms);
        delivery.age_ms = static_cast<std::uint32_t>(std::min<Time::rep>(age, flow::kMaxAge));
      }
      encoder_.add(delivery, posts_[tag].bytes);
      if (delivery.redelivered) ++redelivered;
    }
    link_metrics_.sent(batch->events.size(), redelivered);
    socket_.send(batch->session, encoder_.finish());
  }
}

void Ingestor::save_what_moved() {
  if (intake_.moved() && !save_timer_ && !saving_) save_later(false);
}

/// At once if the last time was long ago.
void Ingestor::save_later(bool last) {
  save_timer_ = loop_.at(std::max(loop_.now(), next_save_), [this, last] {
    save_timer_.reset();
    save(last);
  });
}

/// Writes what has moved since the last time, on the worker.
void Ingestor::save(bool last) {
  auto changes = std::make_shared<std::vector<SourceChange>>(intake_.take_changes());
  if (changes->empty() && !last) return;
  saving_ = true;
  next_save_ = loop_.now() + kSaveEvery;
  cancel_save();
  auto error = std::make_shared<std::string>();
  const bool clean = last && producer_.in_flight() == 0 && !producer_.redelivered_waiting() &&
                     intake_.held_back() == 0;
  writer_.add({.work =
                   [this, changes, error, clean, left = intake_.sent_before()] {
                     try {
                       if (!changes->empty()) state_.save(*changes);
                       if (clean) state_.end(left);
                     } catch (const std::exception& failure) {
                       *error = failure.what();
                     }
                   },
               .done =
                   [this, changes, error, last] {
                     saving_ = false;
                     if (!error->empty()) {
                       if (save_error_ != *error) {
                         log_error("state cannot be written; trying again",
                                   {{"state", config_.state.string()}, {"reason", *error}});
                       }
                       intake_.give_back(std::move(*changes));
                     } else {
                       intake_.stored(*changes);
                       if (!save_error_.empty()) {
                         log_info("state is written again", {{"state", config_.state.string()}});
                       }
                     }
                     save_error_ = *error;
                     saved(last);
                   },
               .name = "state"});
}

void Ingestor::saved(bool last) {
  if (last && save_error_.empty()) return service_.finish(intake_.broken() ? 1 : 0);
  if (!save_error_.empty()) next_save_ = loop_.now() + kSaveRetry;
  save_later(last);
}

/// Ends when asked to and all is settled, or when every finite source is.
void Ingestor::maybe_finish() {
  if (finishing_) return;
  const bool done = config_.exit_when_done && intake_.ended() && unsettled() == 0;
  if (done && !draining_) {
    log_info("done: every source has ended and every post is settled",
             {{"posts", intake_.read_total()},
              {"filtered", intake_.filtered_total()},
              {"skipped", intake_.skipped_total()}});
    drain();
    return;
  }
  // What a save under way cannot store comes back first: the last one stores it all.
  if (!draining_ || !link_.finished() || saving_) return;
  finishing_ = true;
  save(true);
}

void Ingestor::cancel_save() {
  if (save_timer_) loop_.cancel(*save_timer_);
  save_timer_.reset();
}

/// Asks for nothing more and sends nothing more; waits for what is in flight.
void Ingestor::drain() {
  if (draining_) return;
  draining_ = true;
  if (pull_timer_) loop_.cancel(*pull_timer_);
  pull_timer_.reset();
  link_.drain(loop_.now());
  socket_.flush();
  changed();
}

/// What travels downstream with the heartbeats.
std::string Ingestor::report() const {
  const net::Time now = loop_.now();
  wire::StageReport report;
  report.stage = "ingestor";
  report.name = net::process_name("ingestor");
  report.instance = instance_;
  report.uptime_us = static_cast<std::uint64_t>((now - started_) / 1us);
  report.sessions = link_.sessions();
  report.credit = producer_.credit();
  report.in_flight = producer_.in_flight();
  report.held = posts_.size();
  report.events = producer_.accepted_total();
  report.blocked_us = blocked_.micros(now);
  report.busy_us = report.uptime_us - std::min(report.uptime_us, report.blocked_us);
  report.redelivered = link_metrics_.redelivered_total();
  report.read = intake_.read_total();
  report.filtered = intake_.filtered_total();
  report.skipped = intake_.skipped_total();
  report.trouble = intake_.trouble();
  return wire::encode_reports({report});
}

void Ingestor::before_scrape() {
  link_metrics_.show(producer_, blocked_.seconds(loop_.now()));
  cursor_lag_.Set(static_cast<double>(intake_.lag()));
}

std::string Ingestor::not_ready() const {
  if (!save_error_.empty()) return "state cannot be written: " + save_error_;
  if (draining_) return "draining";
  if (link_.sessions() == 0) return "no republisher has a session";
  return "";
}

std::size_t Ingestor::unsettled() const {
  return static_cast<std::size_t>(producer_.in_flight() + producer_.waiting());
}

}  // namespace pullwire::ingestor
