#include "reporter/store/distinct.hpp"

#include <charconv>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include <sodium.h>

namespace pullwire::reporter {
namespace {

constexpr std::size_t kMaxDigits = 18;  // fits 64 bits

struct NumberedId {
  std::string_view front;  ///< up to the last colon, included
  std::uint64_t number;
};

/// Nothing where the same number could be written in another way ("007").
std::optional<NumberedId> split(std::string_view post_id) {
  const std::size_t digits_at = post_id.rfind(':') + 1;  // 0 if there is no colon
  const std::string_view digits = post_id.substr(digits_at);
  if (digits.empty() || digits.size() > kMaxDigits) return std::nullopt;
  if (digits.front() == '0' && digits.size() > 1) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
  if (error != std::errc{} || end != digits.end()) return std::nullopt;
  return NumberedId{post_id.substr(0, digits_at), number};
}

/// With its length in front, so that different parts never make the same key.
void append(std::string& key, std::string_view part) {
  const std::uint64_t size = part.size();
  for (unsigned shift = 0; shift < 32; shift += 8) {
    key.push_back(static_cast<char>(size >> shift & 0xff));
  }
  key.append(part);
}

}  // namespace

bool DistinctPublications::insert(const Publication& publication) {
  const auto numbered = split(publication.post_id);
  key_.clear();
  append(key_, publication.target);
  append(key_, publication.format);
  Answer answer{};
  if (numbered) {
    append(key_, numbered->front);
    answer = insert_number(numbered->number);
  } else {
    answer = insert_hash(publication.post_id);
  }
  if (answer == Answer::NoRoom) {
    exact_ = false;
    return !publication.redelivered;
  }
  return answer == Answer::New;
}

DistinctPublications::Answer DistinctPublications::insert_number(std::uint64_t number) {
  auto group = ranges_.find(key_);
  if (group == ranges_.end()) {
    if (!has_room()) return Answer::NoRoom;
    group = ranges_.emplace(key_, Ranges{}).first;
  }
  Ranges& ranges = group->second;
  const auto after = ranges.upper_bound(number);
  const bool joins_after = after != ranges.end() && after->first == number + 1;
  if (after != ranges.begin()) {
    const auto before = std::prev(after);
    if (number <= before->second) return Answer::Known;
    if (before->second + 1 == number) {
      before->second = number;
      if (joins_after) {
        before->second = after->second;
        ranges.erase(after);
        --remembered_;
      }
      return Answer::New;
    }
  }
  if (joins_after) {
    auto node = ranges.extract(after);
    node.key() = number;
    ranges.insert(std::move(node));
    return Answer::New;
  }
  if (!has_room()) return Answer::NoRoom;
  ranges.emplace(number, number);
  ++remembered_;
  return Answer::New;
}

DistinctPublications::Answer DistinctPublications::insert_hash(std::string_view post_id) {
  append(key_, post_id);
  Hash hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(key_.data()),
                     key_.size(), nullptr, 0);
  if (hashes_.contains(hash)) return Answer::Known;
  if (!has_room()) return Answer::NoRoom;
  hashes_.insert(hash);
  ++remembered_;
  return Answer::New;
}

}  // namespace pullwire::reporter
