#include "ingestor/sources/simulated.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "common/ops/query.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::size_t kPage = 500;
constexpr std::size_t kMaxText = 256 * 1024;
constexpr std::string_view kFiller =
    "queues fill when nobody asks and drain when somebody does so a pipeline that pulls "
    "never holds more than it was asked for ";

std::uint64_t whole(const std::string& name, double value) {
  if (value != static_cast<double>(static_cast<std::uint64_t>(value))) {
    throw std::invalid_argument{name + " must be a whole number"};
  }
  return static_cast<std::uint64_t>(value);
}

}  // namespace

SimulatedSource::Options SimulatedSource::parse(std::string_view query) {
  Options options;
  for (const auto& [name, value] : parse_query(query)) {
    if (name == "rate") {
      options.rate = query_decimal(name, value, 0, 1e7);
    } else if (name == "count") {
      options.count = whole(name, query_decimal(name, value, 0, 1e15));
    } else if (name == "bytes") {
      options.bytes = whole(name, query_decimal(name, value, 0, kMaxText));
    } else if (name == "cost_ms") {
      options.cost = std::chrono::nanoseconds{
          static_cast<std::int64_t>(query_decimal(name, value, 0, 60'000) * 1e6)};
    } else {
      throw std::invalid_argument{"unknown option " + name +
                                  "; there are rate, count, bytes and cost_ms"};
    }
  }
  return options;
}

SimulatedSource::SimulatedSource(std::string name, Options options,
                                 std::vector<std::string> hashtags)
    : name_{std::move(name)}, options_{options}, hashtags_{std::move(hashtags)} {}

void SimulatedSource::resume(std::string_view cursor) {
  const char* end = cursor.data() + cursor.size();
  std::uint64_t number = 0;
  const auto [rest, error] = std::from_chars(cursor.data(), end, number);
  if (error != std::errc{} || rest != end || number == 0) {
    throw std::runtime_error{"the stored cursor of " + name_ +
                             " is no number: " + std::string{cursor}};
  }
  next_ = number;
  first_ = number;
}

std::optional<Time> SimulatedSource::pull(Time now, std::size_t wanted, Sink& sink) {
  const auto ended = [this] { return options_.count > 0 && next_ > options_.count; };
  if (ended()) return std::nullopt;
  const bool paced = options_.rate > 0;
  const bool costly = options_.cost > Time::zero();
  if (paced && !began_) began_ = now;
  if (costly && !work_due_) work_due_ = now + options_.cost;  // begins when it is asked for
  if (!paced && !costly) sink.requested();

  const Timestamp ingested_at = wall_clock();
  std::size_t given = 0;
  for (; given < std::min(wanted, kPage) && !ended(); ++given) {
    if (paced && due(next_) > now) break;
    if (costly && *work_due_ > now) break;
    if (paced || costly) sink.requested();
    // Work goes on from its last deadline as long as there is demand.
    if (costly) *work_due_ += options_.cost;
    emit(next_++, ingested_at, sink);
  }
  if (given >= wanted) work_due_.reset();
  if (ended()) return std::nullopt;
  Time again = now;
  if (paced) again = std::max(again, due(next_));
  if (work_due_) again = std::max(again, *work_due_);
  return again;
}

/// Absolute, so that it is exact in the mean.
Time SimulatedSource::due(std::uint64_t number) const {
  const double seconds = static_cast<double>(number - first_) / options_.rate;
  return *began_ + Time{static_cast<Time::rep>(seconds * 1e9)};
}

void SimulatedSource::emit(std::uint64_t number, Timestamp ingested_at, Sink& sink) {
  const std::string digits = std::to_string(number);
  post_id_.assign(name_).append(":").append(digits);
  text_.assign("Post ").append(digits);
  Post post;
  if (!hashtags_.empty()) {
    const std::string& tag = hashtags_[number % hashtags_.size()];
    text_.append(" #").append(tag);
    post.hashtags = {tag};
  }
  text_.push_back(' ');
  const std::size_t start = number % kFiller.size();
  while (text_.size() < options_.bytes) {
    const std::string_view filler = kFiller.substr(text_.size() % kFiller.size() == 0 ? start : 0);
    text_.append(filler.substr(0, options_.bytes - text_.size()));
  }
  post.post_id = post_id_;
  post.source = name_;
  post.author = "simulated";
  post.lang = "en";
  post.text = text_;
  post.ingested_at = ingested_at;
  sink.post(post, digits);
}

}  // namespace pullwire::ingestor
