#include "ingestor/sources/replay.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "common/ops/query.hpp"
#include "common/ops/sqlite.hpp"
#include "common/wire/events.hpp"
#include "ingestor/sources/replay_rows.hpp"

namespace pullwire::ingestor {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLeastRows = 32;  // of a page: eight for each post that is wanted
constexpr std::size_t kMostRows = 500;
constexpr std::size_t kPageBytes = std::size_t{1024} * 1024;
constexpr Time kGiveUp = 30s;       // where nothing else is left to do
constexpr Time kTryAgain = 1s;      // after an error
constexpr Time kLeastRest = 500ms;  // between two passes
constexpr Time kMostRest = 60s;
constexpr Time kWithPosts = 10s;  // newest first: then a pass begins anew, for newer ones
constexpr int kIdle = 4;          // times as long as it took nothing is read after a page
                                  // that brought nothing, and after a pass

constexpr std::uint64_t kMostAge = std::uint64_t{100} * 365 * 24 * 3600;  // seconds

/// How the errors begin of what fails whenever it is tried.
constexpr std::array<std::string_view, 4> kHopeless{"too large:", "older than", "given up",
                                                    "there is no such target"};

bool hopeless(std::string_view error) {
  return std::any_of(kHopeless.begin(), kHopeless.end(),
                     [&](std::string_view front) { return error.starts_with(front); });
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= PostLimits::kNameBytes;
}

class Replay final : public Source {
 public:
  Replay(std::string name, std::filesystem::path database, ReplayOptions options, bool follow)
      : name_{std::move(name)},
        path_{std::move(database)},
        options_{std::move(options)},
        follow_{follow},
        given_up_{"given up after max_attempts of the replay, " +
                  std::to_string(options_.max_attempts)} {}

  std::string_view name() const override { return name_; }
  Identity identity() const override { return Identity::Replayed; }
  std::optional<Time> pull(Time now, std::size_t wanted, Sink& sink) override;
  std::string position() const override { return {}; }
  std::string cursor(std::string_view /*position*/) const override { return {}; }
  void resume(std::string_view /*cursor*/) override {}

 private:
  enum class Fate {
    Given,
    Passed,  // nothing to be done about it
    Later,   // not due, or with a republisher
  };

  [[nodiscard]] bool deferred() const { return options_.status == Status::Deferred; }
  [[nodiscard]] bool hopeful(const ReplayRow& row) const;
  void begin_pass(const Sink& sink);
  std::optional<Time> page(Time now, std::size_t wanted, Sink& sink);
  std::optional<Time> end_pass(Time now);
  Fate consider(const ReplayRow& row, Sink& sink);
  Fate give(const ReplayRow& row, Sink& sink);
  std::vector<ReplayRow> due_of(const ReplayRow& row);
  void pass_over(const ReplayRow& row, const char* why, Sink& sink) const;

  const std::string name_;
  const std::filesystem::path path_;
  const ReplayOptions options_;
  const bool follow_;
  const std::string given_up_;

  std::optional<ReplayRows> rows_;
  std::optional<Time> failing_since_;
  std::optional<std::int64_t> last_;  // of failed ones: the newest that this run brings
  std::set<std::int64_t> brought_;    // of failed ones, with a post, ahead of the pass

  // The pass under way.
  bool passing_ = false;
  bool alone_ = false;              // since it began
  bool left_ = false;               // it has found what may still be brought
  std::size_t passes_ = 0;          // begun
  std::int64_t at_ = 0;             // the row looked at last
  Time took_{0};                    // time of the loop
  std::optional<Time> with_posts_;  // since when it has given some

  Timestamp wall_;  // of the page under way
  std::string wall_text_;
  std::size_t bytes_ = 0;  // that it has given
};

std::optional<Time> Replay::pull(Time now, std::size_t wanted, Sink& sink) {
  try {
    if (!rows_) rows_.emplace(path_, to_text(options_.status), options_.newest);
    rows_->check_in_place();
    const auto again = page(now, wanted, sink);
    sink.works();
    failing_since_.reset();
    return again;
  } catch (const SQLite::Exception& error) {
    sink.error(explained(path_, error).what());
  } catch (const std::runtime_error& error) {
    sink.error(error.what());
  }
  rows_.reset();
  if (!failing_since_) failing_since_ = now;
  if (!follow_ && sink.alone() && now - *failing_since_ > kGiveUp) return std::nullopt;
  return now + kTryAgain;
}

void Replay::begin_pass(const Sink& sink) {
  if (!deferred() && !last_) last_ = rows_->newest();
  passing_ = true;
  ++passes_;
  took_ = Time{0};
  alone_ = sink.alone();
  left_ = false;
  with_posts_.reset();
  at_ = 0;
  if (options_.newest) at_ = last_ ? *last_ + 1 : std::numeric_limits<std::int64_t>::max();
}

std::optional<Time> Replay::page(Time now, std::size_t wanted, Sink& sink) {
  const auto started = std::chrono::steady_clock::now();
  const std::size_t most = std::clamp(wanted, kLeastRows / 8, kMostRows / 8) * 8;
  const bool anew = deferred() && options_.newest && with_posts_ && now - *with_posts_ > kWithPosts;
  const SQLite::Transaction moment = rows_->moment();
  if (!passing_ || anew) begin_pass(sink);
  wall_ = wall_clock();
  wall_text_ = to_text(wall_);
  bytes_ = 0;
  sink.requested();
  const auto rows = rows_->beyond(at_, most);
  std::size_t given = 0;
  for (const ReplayRow& row : rows) {
    if (given >= wanted || bytes_ >= kPageBytes) return now;
    if (last_ && row.number > *last_) return std::nullopt;  // oldest first
    const Fate fate = consider(row, sink);
    // A failed one is passed once only: what is with a republisher is waited for.
    if (fate == Fate::Later && !deferred()) return now + kLeastRest;
    at_ = row.number;
    left_ = left_ || fate != Fate::Passed;
    if (fate != Fate::Given) continue;
    ++given;
    if (!with_posts_) with_posts_ = now;
  }
  const Time took = std::chrono::steady_clock::now() - started;
  took_ += took;
  if (rows.size() < most) return end_pass(now);
  return given > 0 ? now : now + kIdle * took;
}

std::optional<Time> Replay::end_pass(Time now) {
  passing_ = false;
  if (!deferred()) return std::nullopt;
  if (!follow_ && alone_ && !left_) return std::nullopt;
  return now + std::clamp<Time>(kIdle * took_, kLeastRest, kMostRest);
}

/// Whether it is one of those that were asked for, and can be brought at some time.
bool Replay::hopeful(const ReplayRow& row) const {
  if (!options_.target.empty() && row.target != options_.target) return false;
  if (!is_name(row.target) || !is_name(row.format)) return false;
  return deferred() ||
         (row.attempts < options_.max_attempts && row.number <= *last_ && !hopeless(row.error));
}

Replay::Fate Replay::consider(const ReplayRow& row, Sink& sink) {
  if (brought_.erase(row.number) > 0 || !hopeful(row)) return Fate::Passed;
  if (deferred() && row.retry_at > wall_text_) return Fate::Later;
  if (!sink.takes(row.post_id)) return Fate::Later;
  return give(row, sink);
}

/// The publications that go with this one: of the same post, and to the same end.
std::vector<ReplayRow> Replay::due_of(const ReplayRow& row) {
  const bool spent = row.attempts >= options_.max_attempts;
  std::vector<ReplayRow> due = rows_->of(row.post_id);
  std::erase_if(due, [&](const ReplayRow& one) {
    return !hopeful(one) || (deferred() && one.retry_at > wall_text_) ||
           (one.attempts >= options_.max_attempts) != spent;
  });
  if (due.size() > PostLimits::kPending) due.resize(PostLimits::kPending);
  return due;
}

Replay::Fate Replay::give(const ReplayRow& row, Sink& sink) {
  const std::string bytes = rows_->post(row.post_id);
  Post post;
  if (bytes.empty()) {
    pass_over(row, "its post was not kept: an older version recorded it", sink);
    return Fate::Passed;
  }
  if (!wire::decode_post(bytes, post) || post.post_id != row.post_id) {
    pass_over(row, "its post is damaged", sink);
    return Fate::Passed;
  }
  const std::int64_t age = (wall_.micros - post.ingested_at.micros) / 1'000'000;
  const bool old = options_.max_age.count() > 0 && age > options_.max_age.count();
  if (!deferred() && (old || !post.refused.empty())) return Fate::Passed;
  const std::vector<ReplayRow> due = due_of(row);
  post.pending.clear();
  for (const ReplayRow& one : due) {
    post.pending.push_back({.target = one.target, .format = one.format, .attempts = one.attempts});
    // What lies behind the pass is not met again.
    const bool ahead = options_.newest ? one.number < row.number : one.number > row.number;
    if (!deferred() && ahead) brought_.insert(one.number);
  }
  std::string why;
  if (old) {
    why = "older than max_age of the replay";
  } else if (row.attempts >= options_.max_attempts) {
    why = given_up_;
  }
  if (!why.empty() && !row.error.empty()) why += "; last: " + row.error;
  post.refused = why;
  bytes_ += bytes.size();
  sink.post(post, {}, {});
  return Fate::Given;
}

/// Told once: the next passes meet it again.
void Replay::pass_over(const ReplayRow& row, const char* why, Sink& sink) const {
  if (passes_ > 1) return;
  sink.skipped(row.post_id + " on " + row.target + " as " + row.format, why);
}

}  // namespace

void ReplayOptions::set(std::string_view name, const std::string& value) {
  const auto one_of = [&](const char* first, const char* second) {
    if (value != first && value != second) {
      throw std::invalid_argument{std::string{name} + " is " + first + " or " + second + ", not " +
                                  value};
    }
    return value == second;
  };
  if (name == "target") {
    target = value;
  } else if (name == "status") {
    status = one_of("deferred", "failed") ? Status::Failed : Status::Deferred;
  } else if (name == "order") {
    newest = one_of("oldest", "newest");
  } else if (name == "max_age") {
    max_age = std::chrono::seconds{query_number(name, value, kMostAge)};
  } else if (name == "max_attempts") {
    max_attempts = static_cast<std::uint32_t>(query_number(name, value, kMostAttempts));
    if (max_attempts == 0) throw std::invalid_argument{"max_attempts is at least 1"};
  } else {
    unknown_option(name, "target, status, order, max_age and max_attempts");
  }
}

std::unique_ptr<Source> make_replay_source(std::string name, const std::filesystem::path& database,
                                           ReplayOptions options, bool follow) {
  return std::make_unique<Replay>(std::move(name), database, std::move(options), follow);
}

}  // namespace pullwire::ingestor
