// The bytes of the events: posts on the first link, publications on the second.
// Format: common/PROTOCOL.md, "Events". Functions may be called from any thread.
#pragma once

#include <string>
#include <string_view>

#include "common/model/post.hpp"
#include "common/model/publication.hpp"

namespace pullwire::wire {

std::string encode_post(const Post& post);
/// Appends the bytes of a post to `out`.
void encode_post(const Post& post, std::string& out);

/// Reads a post into `post`, whose strings then are views into `bytes`. False if they
/// are no post within PostLimits.
[[nodiscard]] bool decode_post(std::string_view bytes, Post& post);

/// Appends the bytes of a publication to `out`. Its error is cut to kFieldBytes.
void encode_publication(const Publication& publication, std::string& out);

/// The same up to the bytes of `publication.post`, which must follow as they are: whoever
/// has them need not copy them into each record.
void encode_publication_front(const Publication& publication, std::string& out);

/// As decode_post. `publication.post` is not looked into.
[[nodiscard]] bool decode_publication(std::string_view bytes, Publication& publication);

}  // namespace pullwire::wire
