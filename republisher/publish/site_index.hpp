// Keeps a site's index pages and feed in step with its documents, together with any
// number of other processes: whoever holds the lock rebuilds what has changed.
//
// Posts stand in the order in which they came. Page N holds the N-th fifty of
// them and, once full, changes no more but for its link to the newer page;
// index.html holds the newest 50 to 99. The lock's file remembers a fingerprint of
// each page as it was last written, by whomever, so that only pages that would
// differ are made; before one is written, its documents are looked at again.
// One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "common/model/time.hpp"
#include "republisher/publish/directory_catalog.hpp"
#include "republisher/publish/directory_files.hpp"

namespace pullwire::republisher {

class SiteIndex {
 public:
  static constexpr std::size_t kPagePosts = 50;
  static constexpr std::int64_t kPeriodMicros = 1'000'000;

  enum class Effort {
    Periodic,  ///< not within a second of any process's last; a bounded number of pages
    Complete,  ///< everything, whenever
  };

  /// `journal` and `writer` must live as long as this.
  SiteIndex(const std::filesystem::path& root, const std::filesystem::path& lock_path,
            Journal& journal, WholeFileWriter& writer);

  /// Returns false, having done nothing, if another holds the lock. Throws
  /// std::system_error if a file cannot be read or written; what is missing is
  /// made up for next time.
  [[nodiscard]] bool rebuild(Timestamp now, Effort effort);

 private:
  struct Page {
    std::size_t slot;  // in State::fingerprints
    std::size_t begin;
    std::size_t end;  // of its posts in Plan::listed
    std::uint64_t fingerprint;
  };
  struct Plan {
    std::vector<Catalog::Index> listed;
    std::vector<Page> pages;  // by slot
  };
  struct State;  // what the lock's file holds

  State load_state(Timestamp now) const;
  void save_state(const State& state) const;
  void forget_lost_pages(State& state) const;
  Plan plan() const;
  std::vector<Page> stale_pages(Plan& plan, const State& state);
  void write(const Page& page, const Plan& plan, const State& state);
  static void mark_unknown(State& state, const std::vector<Page>& stale, std::size_t slots);
  void remove_surplus(State& state, std::size_t slots) const;

  std::filesystem::path root_;
  File lock_;
  Catalog catalog_;
  WholeFileWriter& writer_;
  bool checked_pages_ = false;
};

}  // namespace pullwire::republisher
