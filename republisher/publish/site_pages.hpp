// The pages that lead to a site's documents: HTML index pages and the Atom feed. Pure.
#pragma once

#include <span>
#include <string>

#include "republisher/publish/directory_names.hpp"
#include "republisher/publish/site_listing.hpp"

namespace pullwire::republisher {

/// Where an index page stands among the others; names relative to it, "" for none.
struct PageLinks {
  std::string title;
  std::string newer;
  std::string older;
};

/// `listings` newest first.
std::string render_index_page(std::span<const Listing> listings, const PageLinks& links);

struct FeedIdentity {
  KeyDigest id;       ///< of the site, the same for as long as there is the site
  Timestamp created;  ///< when it was made: its date while it has no entry
};

/// Atom 1.0 (RFC 4287). `listings` newest first; all links are relative to the feed.
std::string render_feed(std::span<const Listing> listings, const FeedIdentity& identity);

}  // namespace pullwire::republisher
