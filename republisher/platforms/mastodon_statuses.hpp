// What an account of Mastodon has published, as far as it has been looked at: how a status is
// found again whose answer was lost.
//
// No I/O; not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "common/model/time.hpp"

namespace pullwire::republisher {

/// A digest of a status's text without what servers change about it: markup (a link's parts are
/// put together again), white space, invisible characters, composition.
using Essence = std::array<std::uint8_t, 16>;

/// Nothing for a text that has nothing else.
std::optional<Essence> essence_of_text(std::string_view text);
std::optional<Essence> essence_of_html(std::string_view html);

struct OwnStatus {
  std::string id;
  std::string url;  ///< "" if it has none
  Timestamp created_at;
  std::optional<Essence> essence;
};

/// The statuses of an answer to GET /api/v1/accounts/:id/statuses, the newest first; nothing if
/// it is no such answer.
std::optional<std::vector<OwnStatus>> read_statuses(const std::string& body);

/// The newest statuses of an account, without a gap: at most 1,000.
class OwnStatuses {
 public:
  static constexpr std::size_t kMost = 1000;

  /// The newest that says this and is not older than `since`, or null.
  [[nodiscard]] const OwnStatus* find(const Essence& essence, Timestamp since) const;

 private:
  friend class StatusLookup;

  [[nodiscard]] bool knows(const std::string& id) const { return ids_.contains(id); }
  [[nodiscard]] bool reaches(Timestamp since) const;
  void prepend(std::vector<OwnStatus> newer, bool joined, bool all);
  void append(const std::string& behind, std::vector<OwnStatus> older);
  void forget_surplus();

  std::deque<OwnStatus> statuses_;  // the newest first
  std::unordered_set<std::string> ids_;
  bool all_ = false;  // there are no older ones
};

/// One walk back through the account's pages, from the newest status to those before `since`.
/// What is known is not asked for again: mostly one page.
class StatusLookup {
 public:
  StatusLookup(OwnStatuses& statuses, Timestamp since) : statuses_{statuses}, since_{since} {}

  /// What is to be asked for: statuses older than this id; "": the newest.
  [[nodiscard]] const std::string& max_id() const { return max_id_; }

  /// Takes the page that was asked for. Whether there is another to ask for.
  bool take(std::vector<OwnStatus> page);

 private:
  static constexpr int kMostPages = 50;

  OwnStatuses& statuses_;
  const Timestamp since_;
  std::string max_id_;
  std::vector<OwnStatus> fresh_;  // newer than what is known
  bool joined_ = false;
  int pages_ = 0;
};

}  // namespace pullwire::republisher
