#include "reporter/reporter.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "common/net/identity.hpp"
#include "common/ops/log.hpp"
#include "common/wire/events.hpp"

namespace pullwire::reporter {
namespace {

using namespace std::chrono_literals;
using When = flow::Consumer::When;

constexpr net::Time kCommitRetry = 1s;
/// A transaction takes no further message beyond so many records.
constexpr std::size_t kBatchRecords = 5'000;
/// No record waits longer for others to be committed with it.
constexpr net::Time kMostCompany = 5ms;

const std::vector<double> kCommitBuckets{0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
                                         0.1,    0.2,   0.5,   1,     2,    5};
const std::vector<double> kEndToEndBuckets{0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1,
                                           2,     5,    10,   30,   60,  300, 3600};

double seconds_between(Timestamp from, Timestamp to) {
  return static_cast<double>(to.micros - from.micros) / 1e6;
}

}  // namespace

Reporter::Reporter(Config config, std::unique_ptr<Store> store)
    : config_{std::move(config)},
      store_{std::move(store)},
      instance_{net::new_instance()},
      consumer_{config_.demand, flow::Consumer::Budget::Shared},
      link_{{.side = flow::Link::Side::Binder,
             .instance = instance_,
             .name = net::process_name("reporter"),
             .max_demand = config_.demand.max,
             .contract = {},
             .max_sessions = config_.demand.max,
             .room_advice = "; raise [reporter] max_demand for more republishers",
             .seed = net::new_seed(),
             .admit = [this](const flow::Hello& hello) { return admit(hello); }},
            consumer_},
      link_metrics_{metrics_, "publications"},
      commit_seconds_{metrics_.histogram("commit_seconds", "Time of a commit", {}, kCommitBuckets)},
      end_to_end_seconds_{metrics_.histogram("end_to_end_seconds",
                                             "From a post's ingestion to its publication's record",
                                             {}, kEndToEndBuckets)},
      service_{loop_,
               metrics_,
               config_.http,
               config_.drain_timeout,
               {.drain =
                    [this] {
                      draining_ = true;
                      link_.drain(loop_.now());
                      socket_.flush();
                      maybe_finish();
                    },
                .unsettled = [this] { return static_cast<std::size_t>(consumer_.in_flight()); },
                .not_ready = [this] { return not_ready(); },
                .before_scrape = [this] { before_scrape(); }}},
      socket_{loop_,
              config_.bind,
              link_,
              flow::Link::Side::Binder,
              {.events = [this](const wire::Data& data,
                                const net::MessageBytes& message) { receive(data, message); },
               .changed = [this] { changed(); }}},
      started_{loop_.now()},
      writer_{loop_, net::Time::zero(), {}} {
  if (HttpServer* http = service_.http()) {
    http->get("/api/status", [this](const Request&) {
      return Response{200, "application/json", overview_.json(loop_.now())};
    });
  }
  loop_.before_sleep([this] {
    commit();
    link_.announce(When::BeforeSleep);
    socket_.flush();
    maybe_finish();
  });
  report();
}

int Reporter::run() {
  log_info("started", {{"bind", config_.bind}, {"database", config_.database}});
  return service_.run();
}

/// All republishers of a pipeline must publish the same: else some posts would miss some
/// publications, depending on who had them.
std::optional<std::string> Reporter::admit(const flow::Hello& hello) {
  if (link_.sessions() == 0) contract_ = hello.contract;
  if (hello.contract == contract_) return std::nullopt;
  return "targets and formats differ from those of the other republishers: theirs are {" +
         one_line(contract_) + "}, yours {" + one_line(hello.contract) + "}";
}

void Reporter::receive(const wire::Data& data, const net::MessageBytes& message) {
  std::vector<Entry> entries;
  entries.reserve(data.events.size());
  flow::Seq seq = data.head.first;
  std::size_t redelivered = 0;
  Post post;
  for (const wire::Event& event : data.events) {
    Entry& entry = entries.emplace_back();
    entry.session = data.head.session;
    entry.seq = seq++;
    entry.message = message;
    Publication& publication = entry.publication;
    if (!wire::decode_publication(event.payload, publication) ||
        !(publication.post.empty() || wire::decode_post(publication.post, post))) {
      const flow::Route from = *link_.route(data.head.session);
      return link_.malformed(from, "an event that is no publication", loop_.now());
    }
    if (event.delivery.redelivered) ++redelivered;
    publication.redelivered |= event.delivery.redelivered;
  }
  link_metrics_.received(entries.size(), redelivered);
  busy_.set(true, loop_.now());
  all_came_ = all_came_ || consumer_.credit() == 0;
  if (config_.cost == config_.cost.zero()) {
    for (Entry& entry : entries) wait_for_commit(std::move(entry));
    return;
  }
  if (unpaid_.empty()) {
    due_ = loop_.now() + config_.cost;
    loop_.at(due_, [this] { pay(); });
  }
  std::move(entries.begin(), entries.end(), std::back_inserter(unpaid_));
}

/// The simulated cost of the first record is paid; the next one's begins at once.
void Reporter::pay() {
  while (!unpaid_.empty() && due_ <= loop_.now()) {
    wait_for_commit(std::move(unpaid_.front()));
    unpaid_.pop_front();
    due_ += config_.cost;
  }
  if (!unpaid_.empty()) loop_.at(due_, [this] { pay(); });
}

void Reporter::wait_for_commit(Entry entry) {
  if (waiting_.empty()) waiting_since_ = loop_.now();
  if (waiting_.empty() || waiting_.back().records.size() >= kBatchRecords) waiting_.emplace_back();
  Batch& batch = waiting_.back();
  batch.records.push_back({std::move(entry.publication), {}});
  batch.events.add(0, entry.session, entry.seq);
  if (batch.messages.empty() || batch.messages.back() != entry.message) {
    batch.messages.push_back(std::move(entry.message));
  }
}

void Reporter::changed() {
  for (const auto& change : link_.take_changes()) {
    link_metrics_.take(change);
    const auto* ended = std::get_if<flow::Link::Ended>(&change);
    if (ended != nullptr) overview_.forget(ended->session);
  }
  for (const auto& gauges : link_.take_gauges()) {
    overview_.take(gauges.session, gauges.bytes, loop_.now());
  }
  service_.check_ready();
}

/// Until when it pays to wait for more records: those who used up all that was granted to
/// them are about to send again, and half a window in each transaction would halve the
/// throughput. No longer than a transaction takes; nothing where that is no help.
std::optional<net::Time> Reporter::company_until() const {
  if (!all_came_ || draining_ || consumer_.credit() == 0 || waiting_.size() > 1) return {};
  return waiting_since_ + std::min(last_commit_, kMostCompany);
}

/// One transaction at a time; what arrives meanwhile is the next one.
void Reporter::commit() {
  if (committing_ || waiting_.empty()) return;
  const auto until = company_until();
  if (until && loop_.now() < *until) {
    if (!company_timer_) {
      company_timer_ = loop_.at(*until, [this] {
        company_timer_.reset();
        commit();
      });
    }
    return;
  }
  if (company_timer_) loop_.cancel(*company_timer_);
  company_timer_.reset();
  auto batch = std::make_shared<Batch>(std::move(waiting_.front()));
  waiting_.pop_front();
  const Timestamp now = wall_clock();
  for (Record& record : batch->records) record.recorded_at = now;
  all_came_ = consumer_.credit() == 0;
  committing_ = true;
  try_commit(std::move(batch));
}

void Reporter::try_commit(std::shared_ptr<Batch> batch) {
  writer_.add({.work =
                   [this, batch] {
                     const auto begun = net::clock_now();
                     try {
                       batch->repeats = store_->commit(batch->records);
                       batch->error.clear();
                     } catch (const std::exception& error) {
                       batch->error = error.what();
                     }
                     batch->took = net::clock_now() - begun;
                   },
               .done = [this, batch] { committed(batch); },
               .name = "commit"});
}

void Reporter::committed(const std::shared_ptr<Batch>& batch) {
  if (!batch->error.empty()) {
    if (store_error_ != batch->error) {
      log_error("the database does not take records; nothing is settled until it does",
                {{"database", config_.database}, {"reason", batch->error}});
    }
    store_error_ = batch->error;
    loop_.at(loop_.now() + kCommitRetry, [this, batch] { try_commit(batch); });
    return;
  }
  if (!store_error_.empty()) {
    log_info("the database takes records again", {{"database", config_.database}});
    store_error_.clear();
  }
  committing_ = false;
  last_commit_ = batch->took;
  waiting_since_ = loop_.now();
  count(*batch);
  for (const flow::Run& run : batch->events.take()) {
    link_metrics_.settled(flow::Outcome::Accepted,
                          consumer_.settle(run.session, run.events, flow::Outcome::Accepted));
  }
  if (waiting_.empty() && unpaid_.empty()) busy_.set(false, loop_.now());
  commit();
  link_.announce(When::Due);
  socket_.flush();
  service_.check_ready();
}

void Reporter::count(const Batch& batch) {
  commit_seconds_.Observe(std::chrono::duration<double>(batch.took).count());
  const auto repeated = [&](const char* flag) -> Counter& {
    return metrics_.counter("publications_repeated_total", "Records of what was recorded before",
                            {{"redelivered", flag}});
  };
  repeated("true").Increment(static_cast<double>(batch.repeats.flagged));
  repeated("false").Increment(static_cast<double>(batch.repeats.unflagged));
  const Timestamp now = wall_clock();
  struct Label {
    std::string_view target;
    std::string_view format;
    Status status;
    auto operator<=>(const Label&) const = default;
  };
  std::vector<std::pair<Label, std::size_t>> counts;  // a few
  Observations ages{kEndToEndBuckets};
  for (const Record& record : batch.records) {
    const Publication& publication = record.publication;
    const Label label{publication.target, publication.format, publication.status};
    auto count = std::find_if(counts.begin(), counts.end(),
                              [&](const auto& known) { return known.first == label; });
    if (count == counts.end()) count = counts.insert(counts.end(), {label, 0});
    ++count->second;
    ages.add(seconds_between(publication.ingested_at, now));
  }
  ages.move_to(end_to_end_seconds_);
  for (const auto& [label, count] : counts) {
    metrics_
        .counter("publications_total", "Publications recorded, by how they ended",
                 {{"target", std::string{label.target}},
                  {"format", std::string{label.format}},
                  {"status", std::string{to_text(label.status)}}})
        .Increment(static_cast<double>(count));
    overview_.recorded(label.status, count);
  }
}

void Reporter::maybe_finish() {
  if (!draining_ || !link_.finished() || committing_ || !waiting_.empty() || !unpaid_.empty()) {
    return;
  }
  log_info("drained", {{"publications", overview_.recorded_total()}});
  service_.finish(0);
}

/// Our own report, beside what comes with the heartbeats.
void Reporter::report() {
  const net::Time now = loop_.now();
  wire::StageReport own;
  own.stage = "reporter";
  own.name = net::process_name("reporter");
  own.instance = instance_;
  own.uptime_us = static_cast<std::uint64_t>((now - started_) / 1us);
  own.sessions = link_.sessions();
  own.credit = consumer_.credit();
  own.in_flight = consumer_.in_flight();
  own.held = own.in_flight;
  own.events = overview_.recorded_total();
  own.busy_us = busy_.micros(now);
  own.redelivered = link_metrics_.redelivered_total();
  overview_.take_own(own, now);
  loop_.at(now + flow::kHeartbeatEvery / 2, [this] { this->report(); });
}

void Reporter::before_scrape() {
  link_metrics_.show(consumer_.credit(), consumer_.in_flight());
}

std::string Reporter::not_ready() const {
  if (!store_error_.empty()) return "the database does not take records: " + store_error_;
  if (draining_) return "draining";
  if (link_.sessions() == 0) return "no republisher has a session";
  return "";
}

}  // namespace pullwire::reporter
