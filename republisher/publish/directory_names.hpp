// Names of a post's files in a site: safe on every file system, in a URL, and
// against a post_id that wants to be somewhere else. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pullwire::republisher {

/// Bytes of a file's name with its extension.
inline constexpr std::size_t kMaxNameBytes = 120;

/// The post_id with lower-case letters, digits and '-' kept and every other byte
/// as _hh; "_" for the empty one. A longer name is cut and ended with '~' and the
/// BLAKE2b-128 of the post_id in hexadecimal. Two post_ids never share a key, nor
/// do keys differ in case alone. Leaves room for an extension of seven bytes.
std::string post_key(std::string_view post_id);

/// BLAKE2b-128 of a key: the post's identity in an index and in the feed.
using KeyDigest = std::array<std::uint8_t, 16>;
KeyDigest key_digest(std::string_view key);

/// "posts/3f/<key>.<extension>", relative to the site.
std::string document_path(std::string_view key, std::string_view extension);

/// "urn:uuid:…" out of 16 bytes (RFC 9562, version 8: name-based by a digest of our choice).
std::string uuid_urn(KeyDigest bytes);

}  // namespace pullwire::republisher
