// The place of a stream that is read from its newest post backwards, page by page.
#pragma once

#include <string>

namespace pullwire::ingestor {

/// A walk goes from the newest post (`top`) down to where the last one began (`floor`). Only at
/// its end the floor becomes the top: whatever happens on the way, the way is gone again.
struct Walk {
  std::string floor{};  ///< all from here down was given; "": nothing was
  std::string top{};    ///< on the walk under way, from its first page
  std::string page{};   ///< the one to be asked for; "": the first

  /// The place before the first request has no walk yet: "".
  static Walk parse(const std::string& place);
  [[nodiscard]] std::string text() const;
  /// The place from which the walk that is under way at `place` is begun again.
  static std::string restarted(const std::string& place);

  /// The walk once a page was read whose newest post is `newest` ("": it had none) and behind
  /// which `next` comes ("": nothing does). Throws BadAnswer if one is longer than 4 KiB.
  [[nodiscard]] Walk after(const std::string& newest, const std::string& next) const;
};

}  // namespace pullwire::ingestor
