#include "republisher/publish/directory_catalog.hpp"

#include "republisher/render/renderer.hpp"

namespace pullwire::republisher {
namespace {

constexpr std::size_t kMissingLookedFor = 256;

}  // namespace

// SplitMix64's mixing: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
std::uint64_t mix(std::uint64_t fingerprint, std::uint64_t value) {
  std::uint64_t mixed = (fingerprint ^ value) + 0x9E3779B97F4A7C15ULL;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31);
}

Catalog::Catalog(std::filesystem::path root, Journal& journal)
    : root_{std::move(root)}, journal_{journal} {}

void Catalog::take(const Journal::Line& line) {
  std::uint32_t bit = 1;
  std::string_view extension;
  for (const Format& format : formats()) {
    if (format.name == line.format) {
      extension = format.extension;
      break;
    }
    bit <<= 1;
  }
  if (extension.empty()) return;  // of a version that knows more formats

  const auto [place, is_new] =
      by_key_.try_emplace(key_digest(line.key), static_cast<Index>(entries_.size()));
  if (is_new) entries_.push_back({.offset = line.offset, .size = line.size, .round = round_});
  Entry& entry = entries_[place->second];
  if (!entry.detailed && !line.details.empty()) {
    entry.offset = line.offset;
    entry.size = line.size;
    entry.detailed = true;
  }
  entry.expected |= bit;
  entry.present &= ~bit;
  if (has_content(root_ / document_path(line.key, extension))) entry.present |= bit;
}

void Catalog::update(bool all_missing) {
  ++round_;
  const auto take_line = [this](const Journal::Line& line) { take(line); };
  if (!journal_.read_new(take_line)) {
    entries_.clear();
    by_key_.clear();
    if (!journal_.read_new(take_line)) return;
  }
  std::size_t looked = 0;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->present == entry->expected) continue;
    if (!all_missing && ++looked > kMissingLookedFor) break;
    look(*entry);
  }
}

bool Catalog::look(Entry& entry) const {
  const std::uint32_t before = entry.present;
  journal_.read_line(entry.offset, entry.size, [&](const Journal::Line& line) {
    std::uint32_t bit = 1;
    for (const Format& format : formats()) {
      if ((entry.expected & bit) != 0) {
        const bool there = has_content(root_ / document_path(line.key, format.extension));
        entry.present = there ? entry.present | bit : entry.present & ~bit;
      }
      bit <<= 1;
    }
  });
  return entry.present != before;
}

std::vector<Catalog::Index> Catalog::listed() const {
  std::vector<Index> posts;
  posts.reserve(entries_.size());
  for (Index index = 0; index < entries_.size(); ++index) {
    if (entries_[index].present != 0) posts.push_back(index);
  }
  return posts;
}

std::uint64_t Catalog::fingerprint(Index index) const {
  const Entry& entry = entries_[index];
  return mix(mix(entry.offset, entry.size), entry.present);
}

bool Catalog::verify(std::span<const Index> posts) {
  bool changed = false;
  for (const Index index : posts) {
    Entry& entry = entries_[index];
    if (entry.round == round_) continue;
    entry.round = round_;
    changed = look(entry) || changed;
  }
  return changed;
}

Listing Catalog::load(Index index) const {
  const Entry& entry = entries_[index];
  Listing listing;
  journal_.read_line(entry.offset, entry.size, [&](const Journal::Line& line) {
    listing = from_details(line.key, line.details);
  });
  std::uint32_t bit = 1;
  for (const Format& format : formats()) {
    if ((entry.present & bit) != 0) {
      listing.files.push_back({std::string(format.name), std::string(format.media_type),
                               document_path(listing.key, format.extension)});
    }
    bit <<= 1;
  }
  return listing;
}

}  // namespace pullwire::republisher
