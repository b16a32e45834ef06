#include "republisher/publish/site_index.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "republisher/publish/site_pages.hpp"

namespace pullwire::republisher {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFeedPosts = 50;
constexpr std::size_t kPagesPerPeriod = 100;
constexpr std::uint64_t kMagic = 0x3161746164737750ULL;
constexpr std::uint64_t kLayout = 1;  // another number has every page of every site made anew

// Slots of State::fingerprints; page-N.html has slot N + kIndexSlot.
constexpr std::size_t kFeedSlot = 0;
constexpr std::size_t kIndexSlot = 1;

std::string name_of_slot(std::size_t slot) {
  if (slot == kFeedSlot) return "feed.atom";
  if (slot == kIndexSlot) return "index.html";
  return "page-" + std::to_string(slot - kIndexSlot) + ".html";
}

struct Header {
  std::uint64_t magic = kMagic;
  KeyDigest site{};
  std::int64_t created = 0;  // microseconds since 1970
  std::int64_t rebuilt = 0;
};

class Unlock {
 public:
  explicit Unlock(File& file) : file_{file} {}
  Unlock(const Unlock&) = delete;
  Unlock& operator=(const Unlock&) = delete;
  ~Unlock() { file_.unlock(); }

 private:
  File& file_;
};

}  // namespace

/// Written in place: a value that a kill left half written matches no page, which
/// is then made again.
struct SiteIndex::State {
  Header header;
  std::vector<std::uint64_t> fingerprints;  // by slot; 0: no such page, or not known
};

SiteIndex::SiteIndex(const fs::path& root, const fs::path& lock_path, Journal& journal,
                     WholeFileWriter& writer)
    : root_{root}, lock_{lock_path, O_RDWR | O_CREAT}, catalog_{root, journal}, writer_{writer} {}

SiteIndex::State SiteIndex::load_state(Timestamp now) const {
  struct stat status {};
  if (::fstat(lock_.fd(), &status) != 0) {
    throw std::system_error(errno, std::generic_category(), root_.string());
  }
  State state;
  const auto size = static_cast<std::size_t>(status.st_size);
  const bool whole = size >= sizeof(Header) && ::pread(lock_.fd(), &state.header, sizeof(Header),
                                                       0) == static_cast<ssize_t>(sizeof(Header));
  if (!whole || state.header.magic != kMagic) {
    state.header = {.created = now.micros};
    randombytes_buf(state.header.site.data(), state.header.site.size());
    return state;
  }
  state.fingerprints.resize((size - sizeof(Header)) / sizeof(std::uint64_t));
  const std::size_t bytes = state.fingerprints.size() * sizeof(std::uint64_t);
  const ssize_t got = ::pread(lock_.fd(), state.fingerprints.data(), bytes, sizeof(Header));
  if (got != static_cast<ssize_t>(bytes)) state.fingerprints.clear();
  return state;
}

void SiteIndex::save_state(const State& state) const {
  std::string bytes(sizeof(Header) + state.fingerprints.size() * sizeof(std::uint64_t), '\0');
  std::memcpy(bytes.data(), &state.header, sizeof(Header));
  if (!state.fingerprints.empty()) {
    std::memcpy(bytes.data() + sizeof(Header), state.fingerprints.data(),
                bytes.size() - sizeof(Header));
  }
  const auto size = static_cast<ssize_t>(bytes.size());
  if (::pwrite(lock_.fd(), bytes.data(), bytes.size(), 0) != size ||
      ::ftruncate(lock_.fd(), size) != 0) {
    throw std::system_error(errno, std::generic_category(), root_.string());
  }
}

void SiteIndex::forget_lost_pages(State& state) const {
  for (std::size_t slot = 0; slot < state.fingerprints.size(); ++slot) {
    if (!has_content(root_ / name_of_slot(slot))) state.fingerprints[slot] = 0;
  }
}

SiteIndex::Plan SiteIndex::plan() const {
  static const std::uint64_t kSeed = [] {
    std::uint64_t seed = 0;
    const KeyDigest version = key_digest(PULLWIRE_VERSION);
    std::memcpy(&seed, version.data(), sizeof seed);
    return mix(seed, kLayout);
  }();
  Plan plan;
  plan.listed = catalog_.listed();
  const std::size_t count = plan.listed.size();
  const std::size_t archived = std::max<std::size_t>(count / kPagePosts, 1) - 1;
  const auto add = [&](std::size_t slot, std::size_t begin, std::size_t end, std::uint64_t links) {
    std::uint64_t fingerprint = mix(mix(kSeed, slot), links);
    for (std::size_t i = begin; i < end; ++i) {
      fingerprint = mix(fingerprint, catalog_.fingerprint(plan.listed[i]));
    }
    plan.pages.push_back({slot, begin, end, fingerprint});
  };
  add(kFeedSlot, count - std::min(count, kFeedPosts), count, 0);
  add(kIndexSlot, archived * kPagePosts, count, archived);
  for (std::size_t page = 1; page <= archived; ++page) {
    add(kIndexSlot + page, (page - 1) * kPagePosts, page * kPagePosts, page == archived ? 1 : 0);
  }
  return plan;
}

/// The pages to write, after another look at their documents: what differs from the
/// directory here, or was seen otherwise by another process, is settled by that look.
std::vector<SiteIndex::Page> SiteIndex::stale_pages(Plan& plan, const State& state) {
  while (true) {
    std::vector<Page> stale;
    bool changed = false;
    for (const Page& page : plan.pages) {
      const auto& known = state.fingerprints;
      if (page.slot < known.size() && known[page.slot] == page.fingerprint) continue;
      stale.push_back(page);
      const std::span posts{plan.listed.begin() + static_cast<std::ptrdiff_t>(page.begin),
                            plan.listed.begin() + static_cast<std::ptrdiff_t>(page.end)};
      changed = catalog_.verify(posts) || changed;
    }
    if (!changed) return stale;
    plan = this->plan();
  }
}

void SiteIndex::write(const Page& page, const Plan& plan, const State& state) {
  std::vector<Listing> listings;
  listings.reserve(page.end - page.begin);
  for (std::size_t i = page.end; i > page.begin; --i) {
    listings.push_back(catalog_.load(plan.listed[i - 1]));
  }
  const std::size_t pages = plan.pages.size();
  std::string bytes;
  if (page.slot == kFeedSlot) {
    bytes = render_feed(listings, {state.header.site, Timestamp{state.header.created}});
  } else {
    PageLinks links{.title = "Posts", .newer = {}, .older = {}};
    const bool newest = page.slot == kIndexSlot;
    const std::size_t older = newest ? pages - 1 : page.slot - 1;
    if (older > kIndexSlot) links.older = name_of_slot(older);
    if (!newest) {
      links.title += ", page " + std::to_string(page.slot - kIndexSlot);
      links.newer = name_of_slot(page.slot + 1 < pages ? page.slot + 1 : kIndexSlot);
    }
    bytes = render_index_page(listings, links);
  }
  writer_.write(root_ / name_of_slot(page.slot), bytes);
}

/// Before any page is touched, so that a process killed amid its work leaves no
/// fingerprint of what is no longer there.
void SiteIndex::mark_unknown(State& state, const std::vector<Page>& stale, std::size_t slots) {
  for (const Page& page : stale) state.fingerprints[page.slot] = 0;
  for (std::size_t slot = slots; slot < state.fingerprints.size(); ++slot) {
    state.fingerprints[slot] = 0;
  }
}

void SiteIndex::remove_surplus(State& state, std::size_t slots) const {
  while (state.fingerprints.size() > slots) {
    fs::remove(root_ / name_of_slot(state.fingerprints.size() - 1));
    state.fingerprints.pop_back();
  }
}

bool SiteIndex::rebuild(Timestamp now, Effort effort) {
  if (!lock_.try_lock()) return false;
  const Unlock unlock{lock_};
  State state = load_state(now);
  const std::int64_t since = now.micros - state.header.rebuilt;
  if (effort == Effort::Periodic && since >= 0 && since < kPeriodMicros) return true;

  if (!checked_pages_) forget_lost_pages(state);
  checked_pages_ = true;
  catalog_.update(effort == Effort::Complete);
  Plan plan = this->plan();
  std::vector<Page> stale = stale_pages(plan, state);
  // Archived pages first, newest before oldest, so that no link leads nowhere for long.
  std::reverse(stale.begin(), stale.end());
  state.fingerprints.resize(std::max(state.fingerprints.size(), plan.pages.size()), 0);
  mark_unknown(state, stale, plan.pages.size());
  state.header.rebuilt = now.micros;
  save_state(state);

  std::size_t archived = 0;
  for (const Page& page : stale) {
    const bool is_archived = page.slot > kIndexSlot;
    if (is_archived && effort == Effort::Periodic && ++archived > kPagesPerPeriod) continue;
    write(page, plan, state);
    state.fingerprints[page.slot] = page.fingerprint;
  }
  remove_surplus(state, plan.pages.size());
  save_state(state);
  return true;
}

}  // namespace pullwire::republisher
