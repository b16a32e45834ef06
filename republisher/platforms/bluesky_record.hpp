// What a post is in an account's repository on Bluesky: its key and its record, the same
// whenever they are made, so that a post which is put there again changes nothing.
//
// Pure; from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "common/model/post.hpp"
#include "republisher/publish/target.hpp"
#include "republisher/render/fitted_text.hpp"

namespace pullwire::republisher {

/// The record's key: a TID (13 characters, sorts by time) of the post's time and a hash of post,
/// target and format.
std::string bluesky_key(const Document& document, std::string_view target);

/// A post's text as Bluesky is to get it, links not shortened yet.
FittedText bluesky_text(const Post& post, std::string_view pattern);
inline constexpr std::size_t kBlueskyGraphemes = 300;

/// The record: an app.bsky.feed.post with the text that `pattern` (fitted_text.hpp) makes of the
/// post, at most 300 graphemes, and facets for its links and hashtags. Links stand there as
/// Bluesky's own app writes them, without scheme and shortened.
nlohmann::json bluesky_record(const Post& post, std::string_view pattern);

}  // namespace pullwire::republisher
