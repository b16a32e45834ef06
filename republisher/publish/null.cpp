#include "republisher/publish/null.hpp"

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <utility>

#include <fmt/compile.h>
#include <libdeflate.h>

#include "common/ops/query.hpp"

namespace pullwire::republisher {
namespace {

constexpr std::chrono::seconds kMostCost{60};

std::string location_of(const std::string& bytes) {
  const std::uint32_t crc = libdeflate_crc32(0, bytes.data(), bytes.size());
  return fmt::format(FMT_COMPILE("null:{:08x}"), crc);
}

bool has(const Post& post, const std::string& part) {
  return !part.empty() && post.text.find(part) != std::string_view::npos;
}

}  // namespace

NullTarget::Options NullTarget::parse(std::string_view text) {
  Options options;
  for (const auto& [name, value] : parse_query(text)) {
    if (name == "cost_ms") {
      options.cost = query_milliseconds(name, value, kMostCost);
    } else if (name == "crash_on") {
      options.crash_on = value;
    } else if (name == "hang_on") {
      options.hang_on = value;
    } else {
      unknown_option(name, "cost_ms, crash_on and hang_on");
    }
  }
  return options;
}

std::optional<Outcome> NullTarget::prepare(const Document& document) {
  if (has(*document.post, options_.crash_on)) std::abort();
  if (has(*document.post, options_.hang_on)) {
    while (true) {
      const timespec day{.tv_sec = 86'400, .tv_nsec = 0};
      nanosleep(&day, nullptr);
    }
  }
  if (options_.cost > std::chrono::nanoseconds::zero()) return std::nullopt;
  return Outcome{.status = Status::Published,
                 .location = location_of(document.bytes),
                 .error = {},
                 .retry_at = {}};
}

void NullTarget::publish(const Document& document, Done done) {
  waiting_.push_back({location_of(document.bytes), std::move(done)});
  if (waiting_.size() > 1) return;
  // Work goes on from the last deadline while it waits, else it begins now.
  due_ = loop_.now() + options_.cost;
  loop_.at(due_, [this] { finish_first(); });
}

void NullTarget::finish_first() {
  Waiting first = std::move(waiting_.front());
  waiting_.pop_front();
  if (!waiting_.empty()) {
    due_ += options_.cost;
    loop_.at(due_, [this] { finish_first(); });
  }
  first.done({.status = Status::Published,
              .location = std::move(first.location),
              .error = {},
              .retry_at = {}});
}

}  // namespace pullwire::republisher
