#include "ingestor/sources/simulated.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include "common/model/hashtag.hpp"
#include "common/ops/query.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::size_t kPagePosts = 500;
constexpr std::size_t kPageBytes = 1024 * 1024;
constexpr std::size_t kFillerStarts = 4096;  // bytes of the filler in which a text may begin
constexpr Time kAway = std::chrono::seconds{1};
constexpr Timestamp kFirstCreated{1'767'225'600'000'000};  // 2026-01-01T00:00:00Z
constexpr std::uint64_t kCreatedSpan = 1'000'000'000;      // seconds, then from the beginning

struct Author {
  std::string_view handle;
  std::string_view name;
};

constexpr std::array<Author, 8> kAuthors{{{"ada", "Ada Lindqvist"},
                                          {"bruno", "Bruno Okafor"},
                                          {"chiara", "Chiara Bianchi"},
                                          {"dmitri", "Dmitri Volkov"},
                                          {"esra", "Esra Yılmaz"},
                                          {"fatima", "Fatima Zahra"},
                                          {"goro", "Goro Tanaka"},
                                          {"hedda", "Hedda Sørensen"}}};

constexpr std::array<std::string_view, 32> kWords{
    "water",  "council", "bridge", "morning", "open",  "library", "report", "quiet",
    "market", "river",   "after",  "winter",  "plan",  "station", "people", "found",
    "new",    "between", "garden", "harvest", "light", "early",   "second", "north",
    "train",  "answer",  "street", "under",   "weeks", "paper",   "again",  "coast"};

/// Scatters numbers that follow each other (the finalizer of SplitMix64).
std::uint64_t scatter(std::uint64_t number) {
  number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9;
  number = (number ^ (number >> 27)) * 0x94D049BB133111EB;
  return number ^ (number >> 31);
}

class SimulatedSource final : public Source {
 public:
  SimulatedSource(std::string name, const SimulatedOptions& options,
                  const std::vector<std::string>& hashtags);

  std::string_view name() const override { return name_; }
  Identity identity() const override { return Identity::Numbers; }
  std::optional<Time> pull(Time now, std::size_t wanted, Sink& sink) override;
  std::string position() const override { return std::to_string(next_); }
  std::string cursor(std::string_view position) const override { return std::string{position}; }
  void resume(std::string_view cursor) override;

 private:
  bool over() const { return options_.count != 0 && next_ > options_.count; }
  bool timed() const { return options_.rate > 0 || options_.cost > Time{0}; }
  Time appears() const;
  void give(Timestamp now, Sink& sink);
  void write_text(std::string_view number, std::string_view hashtag);

  const std::string name_;
  const SimulatedOptions options_;
  std::vector<std::string> hashtags_;
  std::string filler_;
  std::vector<std::size_t> word_begins_;  // in the first kFillerStarts bytes of the filler
  std::uint64_t first_ = 1;               // number given first since the start
  std::uint64_t next_ = 1;
  std::optional<Time> start_;
  std::optional<Time> due_;  // of the post that is being fetched

  Post post_;
  std::string post_id_;
  std::string url_ = "https://example.org/posts/";
  const std::size_t url_size_ = url_.size();
  std::string text_;
};

SimulatedSource::SimulatedSource(std::string name, const SimulatedOptions& options,
                                 const std::vector<std::string>& hashtags)
    : name_{std::move(name)}, options_{options}, post_id_{name_ + ":"} {
  for (const std::string& hashtag : hashtags) hashtags_.emplace_back(bare_hashtag(hashtag));
  for (std::uint64_t i = 0; filler_.size() < kFillerStarts + options_.bytes; ++i) {
    if (filler_.size() < kFillerStarts) word_begins_.push_back(filler_.size());
    filler_.append(kWords[scatter(i) % kWords.size()]).append(1, ' ');
  }
  post_.source = name_;
  post_.lang = "en";
  post_.hashtags.resize(hashtags_.empty() ? 0 : 1);
}

std::optional<Time> SimulatedSource::pull(Time now, std::size_t wanted, Sink& sink) {
  if (over()) return std::nullopt;
  if (!start_) start_ = now;
  if (!timed()) sink.requested();
  const std::size_t page =
      std::min(kPagePosts, kPageBytes / std::max<std::size_t>(options_.bytes, 1));
  const Timestamp wall = wall_clock();
  // Called this late, there was no demand: what was begun is done, but nothing after it.
  const bool away = due_ && now - *due_ > kAway;
  const auto begin = [this](Time from) { return std::max(from, appears()) + options_.cost; };

  if (!due_) due_ = begin(now);
  for (std::size_t given = 0; given < page && due_ && *due_ <= now;) {
    if (timed()) sink.requested();
    give(wall, sink);
    if (over()) return std::nullopt;
    if (++given < wanted) {
      due_ = begin(away ? now : *due_);
    } else {
      due_.reset();
    }
  }
  return std::max(now, due_ ? *due_ : appears());
}

/// When the next post is there to be fetched.
Time SimulatedSource::appears() const {
  if (options_.rate <= 0) return *start_;
  constexpr long double kCentury = 100 * 365.25L * 24 * 3600 * 1e9L;
  const long double after = static_cast<long double>(next_ - first_) * 1e9L / options_.rate;
  return *start_ + Time{std::llround(std::min(after, kCentury))};
}

void SimulatedSource::give(Timestamp now, Sink& sink) {
  std::array<char, 20> digits{};
  const auto digits_end = std::to_chars(digits.data(), digits.data() + digits.size(), next_).ptr;
  const std::string_view number{digits.data(),
                                static_cast<std::size_t>(digits_end - digits.data())};
  const Author& author = kAuthors[scatter(next_) % kAuthors.size()];
  std::string_view hashtag;
  if (!hashtags_.empty()) {
    hashtag = hashtags_[(next_ - 1) % hashtags_.size()];
    post_.hashtags.front() = hashtag;
  }
  post_id_.resize(name_.size() + 1);
  post_id_.append(number);
  url_.resize(url_size_);
  url_.append(number);
  write_text(number, hashtag);

  post_.post_id = post_id_;
  post_.url = url_;
  post_.text = text_;
  post_.author = author.handle;
  post_.author_name = author.name;
  post_.created_at =
      Timestamp{kFirstCreated.micros + static_cast<std::int64_t>(next_ % kCreatedSpan) * 1'000'000};
  post_.ingested_at = now;
  ++next_;
  sink.post(post_, {}, number);
}

/// "#hashtag number words": what fits into the bytes, but always the hashtag.
void SimulatedSource::write_text(std::string_view number, std::string_view hashtag) {
  text_.clear();
  if (!hashtag.empty()) text_.append(1, '#').append(hashtag);
  const std::size_t blank = text_.empty() ? 0 : 1;
  if (text_.size() + blank + number.size() <= options_.bytes) {
    text_.append(blank, ' ').append(number);
  }
  if (text_.size() >= options_.bytes) return;
  const std::size_t words = options_.bytes - text_.size() - 1;
  if (words > 0) {
    const std::size_t begin = word_begins_[scatter(next_) % word_begins_.size()];
    text_.append(1, ' ').append(filler_, begin, words - 1);
  }
  text_.append(1, '.');
}

void SimulatedSource::resume(std::string_view cursor) {
  std::uint64_t number = 0;
  const char* const end = cursor.data() + cursor.size();
  const auto [stop, error] = std::from_chars(cursor.data(), end, number);
  if (error == std::errc{} && stop == end && number > 0) first_ = next_ = number;
}

}  // namespace

SimulatedOptions parse_simulated_options(std::string_view text) {
  SimulatedOptions options;
  for (const auto& [name, value] : parse_query(text)) {
    if (name == "rate") {
      options.rate = query_decimal(name, value, 1e9);
    } else if (name == "count") {
      options.count = query_number(name, value, 1'000'000'000'000'000'000);
    } else if (name == "bytes") {
      options.bytes = query_number(name, value, 256 * 1024);
    } else if (name == "cost_ms") {
      options.cost = query_milliseconds(name, value, std::chrono::hours{1});
    } else {
      unknown_option(name, "rate, count, bytes and cost_ms");
    }
  }
  return options;
}

std::unique_ptr<Source> make_simulated_source(std::string name, const SimulatedOptions& options,
                                              const std::vector<std::string>& hashtags) {
  return std::make_unique<SimulatedSource>(std::move(name), options, hashtags);
}

}  // namespace pullwire::ingestor
