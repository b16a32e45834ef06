// What a link does with each message. The rest of it: link.cpp.
#include <algorithm>
#include <utility>

#include "common/flow/check.hpp"
#include "common/flow/link.hpp"

namespace pullwire::flow {
namespace {

constexpr Time kAnswersEvery = std::chrono::milliseconds{100};

/// Whether one of the events in flight may be the reason for such an error.
Ending ending_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::UnknownSession:
    case ErrorCode::Replaced:
    case ErrorCode::Refused:
    case ErrorCode::ShuttingDown: return Ending::Parted;
    default: return Ending::Died;
  }
}

}  // namespace

std::string_view to_text(ErrorCode code) {
  switch (code) {
    case ErrorCode::Malformed: return "malformed";
    case ErrorCode::Version: return "version";
    case ErrorCode::WrongRole: return "wrong_role";
    case ErrorCode::UnknownSession: return "unknown_session";
    case ErrorCode::CreditExceeded: return "credit_exceeded";
    case ErrorCode::Gap: return "gap";
    case ErrorCode::Invalid: return "invalid";
    case ErrorCode::Replaced: return "replaced";
    case ErrorCode::Refused: return "refused";
    case ErrorCode::ShuttingDown: return "shutting_down";
  }
  return "unknown";
}

void Link::receive(const Route& from, const Message& message, Time now) {
  std::visit([&](const auto& m) { on(from, m, now); }, message);
  part_from_finished(now);
}

bool Link::receive(const Route& from, const DataHead& data, Time now) {
  if (expect(from, data.session, now) == nullptr) return false;
  if (consumer_ == nullptr) {
    violate(data.session, ErrorCode::WrongRole, "events for a producer", now);
    return false;
  }
  if (const auto error = consumer_->receive(data)) {
    violate(data.session, *error, "events from number " + std::to_string(data.first), now);
    return false;
  }
  return true;
}

Link::Session* Link::find(const Route& from, SessionId id, Time now) {
  const auto it = sessions_.find(id);
  if (it != sessions_.end() && it->second.route == from) {
    it->second.heard = now;
    it->second.judged_from = now;
    return &it->second;
  }
  ++stale_total_;  // I9: a frame of another session changes no state
  return nullptr;
}

Link::Session* Link::expect(const Route& from, SessionId id, Time now) {
  Session* session = find(from, id, now);
  if (session == nullptr) {
    answer_stranger(
        from, {.session = id, .code = ErrorCode::UnknownSession, .text = "no such session"}, now);
  }
  return session;
}

void Link::answer_stranger(const Route& to, Error error, Time now) {
  if (is_connector()) return;
  if (now - answers_since_ >= kAnswersEvery) {
    answers_since_ = now;
    answers_ = 0;
  }
  if (++answers_ <= kAnswersToStrangers) outgoing_.push_back({to, std::move(error)});
}

void Link::malformed(const Route& from, std::string_view why, Time now) {
  for (const auto& [id, session] : sessions_) {
    if (session.route == from) return violate(id, ErrorCode::Malformed, std::string{why}, now);
  }
  ++stale_total_;
  answer_stranger(from, {.code = ErrorCode::Malformed, .text = std::string{why}}, now);
}

void Link::on(const Route& from, const Hello& hello, Time now) {
  if (is_connector()) {
    ++stale_total_;
    return;
  }
  const auto live = std::find_if(sessions_.begin(), sessions_.end(), [&](const auto& entry) {
    return entry.second.peer.instance == hello.instance;
  });
  const auto welcome = [&](SessionId id) {
    outgoing_.push_back({from, Welcome{.session = id,
                                       .number = hello.number,
                                       .version = kProtocolVersion,
                                       .instance = config_.instance,
                                       .name = config_.name,
                                       .max_demand = config_.max_demand}});
  };
  if (live != sessions_.end() && live->second.number == hello.number &&
      live->second.route == from) {
    return welcome(live->first);  // the same hello again
  }
  if (auto error = refusal(hello)) {
    const bool telling =
        error->code != ErrorCode::Replaced && error->code != ErrorCode::ShuttingDown;
    if (telling) tell_refusal(hello.name + ": " + error->text);
    return answer_stranger(from, std::move(*error), now);
  }
  if (live != sessions_.end()) end(live->first, Ending::Parted, "replaced", "", now);
  remember(hello.instance, hello.number);
  SessionId id = random();
  while (id == 0 || sessions_.contains(id)) id = random();
  welcome(id);
  open(id,
       {.route = from,
        .peer = {hello.instance, hello.name},
        .number = hello.number,
        .heard = now,
        .judged_from = now,
        .next_heartbeat = now + beat_period()},
       hello.max_demand);
}

std::optional<Error> Link::refusal(const Hello& hello) const {
  const auto refuse = [&](ErrorCode code, std::string text) {
    return Error{.session = 0, .number = hello.number, .code = code, .text = std::move(text)};
  };
  if (hello.version_min > kProtocolVersion || hello.version_max < kProtocolVersion) {
    return refuse(ErrorCode::Version, "protocol versions " + std::to_string(hello.version_min) +
                                          " to " + std::to_string(hello.version_max) +
                                          " offered, " + std::to_string(kProtocolVersion) +
                                          " spoken here");
  }
  if (hello.role == role()) {
    return refuse(ErrorCode::WrongRole, hello.role == Role::Producer
                                            ? "a producer called a producer"
                                            : "a consumer called a consumer");
  }
  if (hello.role == Role::Consumer && hello.max_demand == 0) {
    return refuse(ErrorCode::Invalid, "max_demand is 0");
  }
  if (leaving_) return refuse(ErrorCode::ShuttingDown, "shutting down");
  const auto newest = newest_.find(hello.instance);
  if (newest != newest_.end() && hello.number <= newest->second) {
    return refuse(ErrorCode::Replaced, "a newer handshake of the same process came first");
  }
  std::size_t others = sessions_.size();
  for (const auto& [id, session] : sessions_) {
    if (session.peer.instance == hello.instance) --others;
  }
  if (others >= config_.max_sessions) {
    return refuse(ErrorCode::Refused, "no room: " + config_.name + " takes at most " +
                                          std::to_string(config_.max_sessions) + " sessions" +
                                          config_.room_advice);
  }
  if (config_.admit) {
    if (auto why = config_.admit(hello)) return refuse(ErrorCode::Refused, std::move(*why));
  }
  return std::nullopt;
}

std::optional<Error> Link::refusal(const Welcome& welcome) const {
  const auto refuse = [&](ErrorCode code, std::string text) {
    return Error{.session = welcome.session, .number = welcome.number, .code = code, .text = text};
  };
  if (welcome.version != kProtocolVersion) {
    return refuse(ErrorCode::Version, "protocol version " + std::to_string(welcome.version) +
                                          " answered, " + std::to_string(kProtocolVersion) +
                                          " offered");
  }
  if (role() == Role::Producer && welcome.max_demand == 0) {
    return refuse(ErrorCode::Invalid, "max_demand is 0");
  }
  return std::nullopt;
}

void Link::on(const Route& from, const Welcome& welcome, Time now) {
  if (stage_ != Stage::Greeting || welcome.number != hello_number_ || welcome.session == 0) {
    ++stale_total_;
    return;
  }
  if (auto error = refusal(welcome)) {
    tell_refusal(error->text);
    outgoing_.push_back({from, std::move(*error)});
    return rest(now);
  }
  stage_ = Stage::Live;
  until_.reset();
  open(welcome.session,
       {.route = from,
        .peer = {welcome.instance, welcome.name},
        .number = welcome.number,
        .heard = now,
        .judged_from = now,
        .next_heartbeat = now + beat_period()},
       welcome.max_demand);
}

void Link::on(const Route& from, const Credit& credit, Time now) {
  if (expect(from, credit.session, now) == nullptr) return;
  if (producer_ == nullptr) {
    return violate(credit.session, ErrorCode::WrongRole, "credit for a consumer", now);
  }
  if (const auto error = producer_->take(credit)) {
    violate(credit.session, *error, "a credit that cannot be", now);
  }
}

void Link::on(const Route& from, const Heartbeat& heartbeat, Time now) {
  Session* session = expect(from, heartbeat.session, now);
  if (session == nullptr) return;
  std::optional<ErrorCode> error;
  if (consumer_ != nullptr) error = consumer_->take(heartbeat);
  if (producer_ != nullptr && heartbeat.credit) {
    error = heartbeat.credit->session == heartbeat.session ? producer_->take(*heartbeat.credit)
                                                           : ErrorCode::Invalid;
  }
  if (error) return violate(heartbeat.session, *error, "a heartbeat that cannot be", now);
  const auto known =
      std::find_if(received_gauges_.begin(), received_gauges_.end(),
                   [&](const Gauges& gauges) { return gauges.session == heartbeat.session; });
  if (known == received_gauges_.end()) {
    received_gauges_.push_back({heartbeat.session, heartbeat.sessions, heartbeat.gauges});
  } else {
    *known = {heartbeat.session, heartbeat.sessions, heartbeat.gauges};
  }
  // An idle process wakes for nothing but heartbeats: for both at once, if ours is due soon.
  if (is_connector() && session->next_heartbeat - now <= kHeartbeatEvery / 2) {
    session->next_heartbeat = now;
    tick(now);
  }
}

void Link::on(const Route& from, const Drain& drain, Time now) {
  if (expect(from, drain.session, now) == nullptr) return;
  if (producer_ == nullptr) {
    return violate(drain.session, ErrorCode::WrongRole, "drain for a consumer", now);
  }
  const Seq last = producer_->drain(drain.session);
  outgoing_.push_back({from, Drained{drain.session, last}});
}

void Link::on(const Route& from, const Drained& drained, Time now) {
  Session* session = expect(from, drained.session, now);
  if (session == nullptr) return;
  session->draining_since.reset();
  const auto error = consumer_ == nullptr ? ErrorCode::WrongRole : consumer_->take(drained);
  if (error) violate(drained.session, *error, "drained at " + std::to_string(drained.last), now);
}

void Link::on(const Route& from, const Bye& bye, Time now) {
  if (find(from, bye.session, now) == nullptr) return;
  end(bye.session, Ending::Parted, "goodbye", "", now);
  if (stage_ == Stage::Resting) rest(now, kRetrySoon);
}

void Link::on(const Route& from, const Error& error, Time now) {
  if (error.session != 0) {
    if (find(from, error.session, now) == nullptr) return;
    return end(error.session, ending_of(error.code), to_text(error.code),
               "the peer says: " + error.text, now);
  }
  const bool ours = error.number == hello_number_ || error.number == 0;  // 0: it was not read
  if (stage_ != Stage::Greeting || !ours) {
    ++stale_total_;
    return;
  }
  const bool ending = error.code == ErrorCode::ShuttingDown;
  if (!ending) tell_refusal(error.text);
  rest(now, ending ? kRetrySoon : kRetryAfter);
}

}  // namespace pullwire::flow
