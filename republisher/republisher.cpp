// The way of a post; its end: republisher_end.cpp; what operators see: republisher_report.cpp.
#include "republisher/republisher.hpp"

#include <algorithm>
#include <utility>

#include "common/flow/check.hpp"
#include "common/net/identity.hpp"
#include "common/ops/log.hpp"
#include "common/wire/events.hpp"

namespace pullwire::republisher {
namespace {

using When = flow::Consumer::When;

}  // namespace

Republisher::Upstream::Upstream(const Config& config, flow::Instance instance, std::uint64_t seed)
    : consumer{config.demand, flow::Consumer::Budget::Each},
      link{{.side = flow::Link::Side::Connector,
            .instance = instance,
            .name = net::process_name("republisher"),
            .max_demand = config.demand.max,
            .contract = {},
            .seed = seed},
           consumer} {
  consumer.set_gate(false);  // nothing is asked for before the reporter asks
}

Republisher::Downstream::Downstream(Republisher& owner, std::uint64_t seed)
    : link{{.side = flow::Link::Side::Connector,
            .instance = owner.instance_,
            .name = net::process_name("republisher"),
            .max_demand = 0,
            .contract = owner.workshop_.contract(),
            .seed = seed,
            .gauges = [&owner] { return owner.report(); }},
           owner.producer_} {}

Republisher::Republisher(Config config, const MakeDestinations& make_destinations)
    : config_{std::move(config)},
      instance_{net::new_instance()},
      posts_metrics_{metrics_, "posts"},
      publications_metrics_{metrics_, "publications"},
      workshop_{
          loop_,
          make_destinations(
              loop_, [this]() -> HttpClient& { return http_ ? *http_ : http_.emplace(loop_); }),
          config_.demand.max * config_.upstream.size(),
          config_.render_timeout,
          metrics_,
          [this](Workshop::Ticket ticket) { return may_begin(ticket); },
          [this](Workshop::Ticket ticket, const Publication& publication) {
            finished(ticket, publication);
          }},
      producer_{{}},
      service_{loop_,
               metrics_,
               config_.http,
               config_.drain_timeout,
               {.drain = [this] { drain(); },
                .unsettled = [this] { return posts_.size(); },
                .not_ready = [this] { return not_ready(); },
                .before_scrape = [this] { before_scrape(); }}},
      started_{loop_.now()} {
  // Last words before sleep: records first, then what has come of them, upstream.
  loop_.before_sleep([this] {
    work();
    send_records();
    announce(When::BeforeSleep);
    for (const auto& upstream : upstreams_) upstream->socket->flush();
    measure();
    maybe_finish();
  });
  for (std::size_t i = 0; i < config_.upstream.size(); ++i) {
    upstreams_.push_back(std::make_unique<Upstream>(config_, instance_, net::new_seed()));
    Upstream& upstream = *upstreams_.back();
    upstream.socket = std::make_unique<net::LinkSocket>(
        loop_, config_.upstream[i], upstream.link, flow::Link::Side::Connector,
        net::LinkSocket::Handlers{
            .events = [this, i](const wire::Data& data,
                                const net::MessageBytes& message) { receive(i, data, message); },
            .changed = [this, i] { upstream_changed(i); }});
  }
  for (const std::string& endpoint : config_.downstream) {
    downstreams_.push_back(std::make_unique<Downstream>(*this, net::new_seed()));
    Downstream& downstream = *downstreams_.back();
    downstream.socket = std::make_unique<net::LinkSocket>(
        loop_, endpoint, downstream.link, flow::Link::Side::Connector,
        net::LinkSocket::Handlers{.events = {}, .changed = [this] { downstream_changed(); }});
  }
}

int Republisher::run() {
  log_info("started", {{"upstreams", config_.upstream.size()},
                       {"downstreams", config_.downstream.size()},
                       {"publications_per_post", workshop_.publications_per_post()}});
  return service_.run();
}

/// Posts arrived, within the credit.
void Republisher::receive(std::size_t index, const wire::Data& data,
                          const net::MessageBytes& message) {
  std::size_t redelivered = 0;
  std::vector<Workshop::Ticket> tickets;
  tickets.reserve(data.events.size());
  flow::Seq seq = data.head.first;
  for (const wire::Event& event : data.events) {
    const Workshop::Ticket ticket = tickets.emplace_back(posts_.reuse());
    PostInHand& post = posts_[ticket];
    post.upstream = index;
    post.session = data.head.session;
    post.seq = seq++;
    post.message = message;
    post.work.ticket = ticket;
    post.work.bytes = event.payload;
    post.work.delivery = event.delivery;
    if (!wire::decode_post(event.payload, post.work.post)) {
      for (const Workshop::Ticket taken : tickets) forget(taken);
      return upstreams_[index]->link.malformed({}, "an event that is no post", loop_.now());
    }
    post.unsettled = workshop_.publications_of(post.work.post);
    if (event.delivery.redelivered) ++redelivered;
  }
  queue_.insert(queue_.end(), tickets.begin(), tickets.end());
  posts_metrics_.received(data.events.size(), redelivered);
}

void Republisher::upstream_changed(std::size_t index) {
  Upstream& upstream = *upstreams_[index];
  for (const auto& change : upstream.link.take_changes()) {
    posts_metrics_.take(change);
    const auto* ended = std::get_if<flow::Link::Ended>(&change);
    if (ended == nullptr) continue;
    upstream.gauges.erase(ended->session);
    // What was not begun comes again; what was begun is finished and reported.
    workshop_.let_go(
        [&](Workshop::Ticket ticket) { return posts_[ticket].session == ended->session; });
    std::erase_if(queue_, [&](Workshop::Ticket ticket) {
      if (posts_[ticket].session != ended->session) return false;
      forget(ticket);
      return true;
    });
  }
  for (auto& gauges : upstream.link.take_gauges()) {
    if (upstream.link.route(gauges.session) == nullptr) continue;
    upstream.gauges[gauges.session] = std::move(gauges.bytes);
  }
  if (draining_) release_unbegun();
  service_.check_ready();
  work();
  measure();
}

/// The reporter settled or granted. The order matters: what it settled settles posts;
/// what it granted opens the gate before waiting records use it up, so that demand is
/// relayed as long as the reporter has any.
void Republisher::downstream_changed() {
  std::size_t republishers = 0;
  for (const auto& downstream : downstreams_) {
    for (const auto& change : downstream->link.take_changes()) publications_metrics_.take(change);
    for (const auto& told : downstream->link.take_gauges()) {
      downstream->republishers = told.sessions;
      take_closures(told.bytes);
    }
    if (downstream->link.sessions() == 0) downstream->republishers = 0;
    republishers = std::max<std::size_t>(republishers, downstream->republishers);
  }
  workshop_.share(republishers);
  for (const flow::EventTag tag : producer_.take_accepted()) {
    Record& record = records_[tag];
    const Workshop::Ticket ticket = record.post;
    record.leave();
    records_.leave(tag);
    if (--posts_[ticket].unsettled == 0) settle(ticket);
  }
  tell_settled(flow::Outcome::Accepted);
  announce(When::Due);
  send_records();
  service_.check_ready();
}

/// What platforms said to other republishers, by way of the reporter.
void Republisher::take_closures(std::string_view reports) {
  std::vector<wire::StageReport> told;
  if (reports.empty() || !wire::decode_reports(reports, told)) return;
  for (const wire::StageReport& report : told) {
    for (const wire::Closure& closure : report.closed) workshop_.close(closure);
  }
}

bool Republisher::may_begin(Workshop::Ticket ticket) {
  const PostInHand& post = posts_[ticket];
  return upstreams_[post.upstream]->link.heard_lately(post.session, loop_.now());
}

/// Begins posts while there is room, and only for an ingestor that was heard lately: one
/// that was not may have given the post to another by now.
void Republisher::work() {
  const auto room = [this] {
    if (workshop_.full()) return false;
    return workshop_.working() == 0 ||
           workshop_.working() + workshop_.publications_per_post() <= config_.concurrency;
  };
  while (!queue_.empty() && room()) {
    const Workshop::Ticket ticket = queue_.front();
    const PostInHand& post = posts_[ticket];
    if (!may_begin(ticket)) break;
    queue_.pop_front();
    workshop_.begin(post.work);
  }
  workshop_.submit();
}

void Republisher::finished(Workshop::Ticket ticket, const Publication& publication) {
  const flow::EventTag tag = records_.reuse();
  Record& record = records_[tag];
  record.post = ticket;
  record.with_post = !publication.post.empty();
  record.front.clear();
  wire::encode_publication_front(publication, record.front);
  producer_.offer(tag, record.front.size() + publication.post.size(), publication.redelivered);
  untidy_ = true;
  tidy_when_idle();
}

void Republisher::send_records() {
  while (const auto batch = producer_.next()) {
    encoder_.begin(batch->session, batch->first, batch->events.size(), batch->bytes);
    std::size_t redelivered = 0;
    for (const auto& [tag, delivery, returned_at] : batch->events) {
      const Record& record = records_[tag];
      encoder_.add(delivery, record.front,
                   record.with_post ? posts_[record.post].work.bytes : std::string_view{});
      if (delivery.redelivered) ++redelivered;
    }
    publications_metrics_.sent(batch->events.size(), redelivered);
    const auto owner = std::find_if(
        downstreams_.begin(), downstreams_.end(),
        [&](const auto& downstream) { return downstream->link.route(batch->session) != nullptr; });
    CHECK(owner != downstreams_.end());
    (*owner)->socket->send(batch->session, encoder_.finish());
  }
}

void Republisher::settle(Workshop::Ticket ticket) {
  const PostInHand& post = posts_[ticket];
  settled_.add(post.upstream, post.session, post.seq);
  forget(ticket);
}

void Republisher::forget(Workshop::Ticket ticket) {
  posts_[ticket].leave();
  posts_.leave(ticket);
}

void Republisher::tell_settled(flow::Outcome outcome) {
  for (const flow::Run& run : settled_.take()) {
    posts_metrics_.settled(outcome,
                           upstreams_[run.link]->consumer.settle(run.session, run.events, outcome));
    if (outcome == flow::Outcome::Accepted) {
      settled_total_ += run.events.last - run.events.first + 1;
    }
  }
}

/// Grants upstream what the reporter's grants allow, and tells what is settled.
void Republisher::announce(When when) {
  const bool open = producer_.credit() > 0;
  for (const auto& upstream : upstreams_) {
    upstream->consumer.set_gate(open);
    upstream->link.announce(when);
    if (when == When::Due) upstream->socket->flush();
  }
}

}  // namespace pullwire::republisher
