#include "common/ops/link_metrics.hpp"

#include "common/ops/log.hpp"

namespace pullwire {

LinkMetrics::LinkMetrics(Metrics& metrics, std::string_view link)
    : metrics_{metrics},
      link_{link},
      sent_{metrics.counter("events_sent_total", "Events sent", {{"link", link_}})},
      received_{metrics.counter("events_received_total", "Events received", {{"link", link_}})},
      redelivered_{metrics.counter("events_redelivered_total",
                                   "Events sent or received as redelivered", {{"link", link_}})},
      accepted_{metrics.counter("events_settled_total", "Events settled",
                                {{"link", link_}, {"outcome", "accepted"}})},
      released_{metrics.counter("events_settled_total", "Events settled",
                                {{"link", link_}, {"outcome", "released"}})},
      blocked_{metrics.counter("blocked_seconds_total",
                               "Time in which something could not be sent for want of credit",
                               {{"link", link_}})},
      credit_{metrics.gauge("credit", "Events granted and not sent", {{"link", link_}})},
      in_flight_{metrics.gauge("in_flight", "Events sent and not settled", {{"link", link_}})},
      sessions_{metrics.gauge("sessions", "Live sessions", {{"link", link_}})} {}

void LinkMetrics::take(const flow::Link::Change& change) {
  if (const auto* opened = std::get_if<flow::Link::Opened>(&change)) {
    ++sessions_open_;
    log_info("session opened", {{"link", link_}, {"peer", opened->peer.name}});
  } else if (const auto* ended = std::get_if<flow::Link::Ended>(&change)) {
    --sessions_open_;
    metrics_
        .counter("sessions_ended_total", "Sessions that ended",
                 {{"link", link_}, {"reason", ended->reason}})
        .Increment();
    const bool expected = ended->reason == "goodbye";
    log_line(expected ? LogLevel::Info : LogLevel::Warn, "session ended",
             {{"link", link_},
              {"peer", ended->peer.name},
              {"reason", ended->reason},
              {"unsettled", ended->unsettled},
              {"detail", ended->detail}});
  } else {
    log_warn("session refused",
             {{"link", link_}, {"reason", std::get<flow::Link::Refused>(change).detail}});
  }
  sessions_.Set(static_cast<double>(sessions_open_));
}

void LinkMetrics::sent(std::size_t events, std::size_t redelivered) {
  sent_.Increment(static_cast<double>(events));
  redelivered_.Increment(static_cast<double>(redelivered));
  redelivered_total_ += redelivered;
}

void LinkMetrics::received(std::size_t events, std::size_t redelivered) {
  received_.Increment(static_cast<double>(events));
  redelivered_.Increment(static_cast<double>(redelivered));
  redelivered_total_ += redelivered;
}

void LinkMetrics::settled(flow::Outcome outcome, std::size_t events) {
  (outcome == flow::Outcome::Accepted ? accepted_ : released_)
      .Increment(static_cast<double>(events));
}

void LinkMetrics::show(const flow::Producer& producer, double blocked_seconds) {
  raise_to(accepted_, static_cast<double>(producer.accepted_total()));
  raise_to(released_, static_cast<double>(producer.released_total()));
  raise_to(blocked_, blocked_seconds);
  credit_.Set(static_cast<double>(producer.credit()));
  in_flight_.Set(static_cast<double>(producer.in_flight()));
}

void LinkMetrics::show(std::uint64_t credit, std::uint64_t in_flight) {
  credit_.Set(static_cast<double>(credit));
  in_flight_.Set(static_cast<double>(in_flight));
}

}  // namespace pullwire
