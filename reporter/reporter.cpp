// The way of a record. What operators see of it: reporter_report.cpp.
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
             .admit = [this](const flow::Hello& hello) { return admit(hello); },
             .gauges = [this] { return word_to_republishers(); }},
            consumer_},
      link_metrics_{metrics_, "publications"},
      commit_seconds_{
          metrics_.histogram("commit_seconds", "Time of a commit", {}, commit_buckets())},
      end_to_end_seconds_{metrics_.histogram("end_to_end_seconds",
                                             "From a post's ingestion to its publication's record",
                                             {}, end_to_end_buckets())},
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
  Batch costly;
  const bool free_of_charge = config_.cost == config_.cost.zero();
  Batch& batch = free_of_charge ? room_to_wait() : costly;
  if (!read(data, batch.records)) {
    if (free_of_charge && batch.records.empty()) waiting_.pop_back();
    const flow::Route from = *link_.route(data.head.session);
    return link_.malformed(from, "an event that is no publication", loop_.now());
  }
  const auto redelivered =
      std::count_if(data.events.begin(), data.events.end(),
                    [](const wire::Event& event) { return event.delivery.redelivered; });
  link_metrics_.received(data.events.size(), static_cast<std::size_t>(redelivered));
  busy_.set(true, loop_.now());
  all_came_ = all_came_ || consumer_.credit() == 0;
  if (free_of_charge) {
    batch.messages.push_back(message);
    batch.events.add(0, data.head.session,
                     {data.head.first, data.head.first + data.events.size() - 1});
    if (consumer_.credit() == 0) commit();  // nothing more can come before it
    return;
  }
  if (unpaid_.empty()) {
    due_ = loop_.now() + config_.cost;
    loop_.at(due_, [this] { pay(); });
  }
  flow::Seq seq = data.head.first;
  for (const Record& record : batch.records) {
    Batch& one = unpaid_.emplace_back();
    one.records.push_back(record);
    one.messages.push_back(message);
    one.events.add(0, data.head.session, seq++);
  }
}

/// All or nothing.
bool Reporter::read(const wire::Data& data, std::vector<Record>& records) {
  const std::size_t before = records.size();
  Post post;
  for (const wire::Event& event : data.events) {
    Publication& publication = records.emplace_back().publication;
    if (!wire::decode_publication(event.payload, publication) ||
        !(publication.post.empty() || wire::decode_post(publication.post, post))) {
      records.resize(before);
      return false;
    }
    publication.redelivered |= event.delivery.redelivered;
  }
  return true;
}

/// The simulated cost of the first record is paid; the next one's begins at once.
void Reporter::pay() {
  while (!unpaid_.empty() && due_ <= loop_.now()) {
    Batch& paid = unpaid_.front();
    Batch& batch = room_to_wait();
    batch.records.push_back(paid.records.front());
    batch.messages.push_back(std::move(paid.messages.front()));
    for (const flow::Run& run : paid.events.take()) batch.events.add(0, run.session, run.events);
    unpaid_.pop_front();
    due_ += config_.cost;
  }
  if (!unpaid_.empty()) loop_.at(due_, [this] { pay(); });
}

/// Where the next records wait for their commit.
Reporter::Batch& Reporter::room_to_wait() {
  if (waiting_.empty()) waiting_since_ = loop_.now();
  if (waiting_.empty() || waiting_.back().records.size() >= kBatchRecords) {
    waiting_.emplace_back().records.reserve(std::min<std::size_t>(kBatchRecords, last_records_));
  }
  return waiting_.back();
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
  last_records_ = batch->records.size();
  waiting_since_ = loop_.now();
  for (const flow::Run& run : batch->events.take()) {
    link_metrics_.settled(flow::Outcome::Accepted,
                          consumer_.settle(run.session, run.events, flow::Outcome::Accepted));
  }
  if (waiting_.empty() && unpaid_.empty()) busy_.set(false, loop_.now());
  commit();
  link_.announce(When::Due);
  socket_.flush();
  count(*batch);
  service_.check_ready();
}

void Reporter::maybe_finish() {
  if (!draining_ || !link_.finished() || committing_ || !waiting_.empty() || !unpaid_.empty()) {
    return;
  }
  log_info("drained", {{"publications", overview_.recorded_total()}});
  service_.finish(0);
}

}  // namespace pullwire::reporter
