// Which documents a site has: the journal's order, the directory's truth.
//
// About 100 bytes of memory a post; what the index says of it stays in the journal.
// One thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <unordered_map>
#include <vector>

#include "republisher/publish/directory_journal.hpp"
#include "republisher/publish/directory_names.hpp"
#include "republisher/publish/site_listing.hpp"

namespace pullwire::republisher {

/// Chains `value` into a fingerprint of 64 bits.
std::uint64_t mix(std::uint64_t fingerprint, std::uint64_t value);

class Catalog {
 public:
  using Index = std::uint32_t;

  /// `journal` must live as long as this.
  Catalog(std::filesystem::path root, Journal& journal);

  /// Begins a round: takes in the journal's new lines and looks again for documents
  /// that were announced and not there: for all of them, or for the newest few.
  void update(bool all_missing);

  /// Posts with at least one document, in the order of their first lines.
  std::vector<Index> listed() const;

  /// Changes with what the index would say of the post.
  std::uint64_t fingerprint(Index index) const;

  /// Looks whether the documents of these posts are still there. Returns whether any
  /// had gone or come. A post is looked at once in each round.
  [[nodiscard]] bool verify(std::span<const Index> posts);

  Listing load(Index index) const;

 private:
  struct Entry {
    std::uint64_t offset;  // of the line with the details, else of the first
    std::uint32_t size;
    std::uint32_t expected = 0;  // formats announced, a bit each, by place in formats()
    std::uint32_t present = 0;   // formats found in the directory
    std::uint32_t round = 0;     // of the last look at all of them
    bool detailed = false;
  };
  struct DigestHash {
    std::size_t operator()(const KeyDigest& digest) const {
      std::size_t hash = 0;
      std::memcpy(&hash, digest.data(), sizeof hash);
      return hash;
    }
  };

  void take(const Journal::Line& line);
  bool look(Entry& entry) const;

  std::filesystem::path root_;
  Journal& journal_;
  std::vector<Entry> entries_;
  std::unordered_map<KeyDigest, Index, DigestHash> by_key_;
  std::uint32_t round_ = 0;
};

}  // namespace pullwire::republisher
