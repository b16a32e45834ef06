#include "common/wire/events.hpp"

#include <initializer_list>

#include "common/wire/reader.hpp"
#include "common/wire/writer.hpp"

namespace pullwire::wire {
namespace {

// Every limit of PostLimits used up, and the bytes of msgpack around it.
constexpr std::size_t kMaxPostBytes =
    PostLimits::kIdBytes + PostLimits::kTextBytes + PostLimits::kHtmlBytes +
    (6 + PostLimits::kHashtags + 3 * PostLimits::kMedia) * (PostLimits::kFieldBytes + 5) +
    PostLimits::kPending * (2 * (PostLimits::kNameBytes + 3) + 5) + 64;

using EventPacker = msgpack::packer<Appender>;

/// Most bytes of these texts, packed.
std::size_t room_for(std::initializer_list<std::string_view> texts) {
  std::size_t bytes = 0;
  for (const std::string_view text : texts) bytes += Appender::kHead + text.size();
  return bytes;
}

std::size_t room_for(const Post& post) {
  std::size_t bytes = room_for({post.post_id, post.source, post.author, post.author_name, post.lang,
                                post.url, post.text, post.refused, post.html});
  for (const std::string_view tag : post.hashtags) bytes += room_for({tag});
  for (const Media& media : post.media) bytes += room_for({media.type, media.url, media.alt});
  for (const Pending& one : post.pending) {
    bytes += room_for({one.target, one.format}) + Appender::kNumber;
  }
  return bytes + 4 * Appender::kHead + 2 * Appender::kNumber;
}

void pack_time(EventPacker& packer, const std::optional<Timestamp>& time) {
  if (time) {
    packer.pack_int64(time->micros);
  } else {
    packer.pack_nil();
  }
}

bool read_time(Reader& reader, Timestamp& time) {
  return reader.integer(time.micros);
}

bool read_time(Reader& reader, std::optional<Timestamp>& time) {
  bool present = false;
  std::int64_t micros = 0;
  if (!reader.nil_or_integer(present, micros)) return false;
  time = present ? std::optional{Timestamp{micros}} : std::nullopt;
  return true;
}

bool read_field(Reader& reader, std::string_view& text) {
  return reader.text(text, PostLimits::kFieldBytes);
}

bool read_pending(Reader& reader, std::vector<Pending>& pending) {
  std::size_t values = 0;
  if (!reader.array(values) || values % 3 != 0 || values / 3 > PostLimits::kPending) return false;
  pending.resize(values / 3);
  for (Pending& one : pending) {
    std::uint64_t attempts = 0;
    if (!reader.text(one.target, PostLimits::kNameBytes) ||
        !reader.text(one.format, PostLimits::kNameBytes) || !reader.number(attempts, UINT32_MAX)) {
      return false;
    }
    one.attempts = static_cast<std::uint32_t>(attempts);
  }
  return true;
}

}  // namespace

std::string encode_post(const Post& post) {
  std::string bytes;
  encode_post(post, bytes);
  return bytes;
}

void encode_post(const Post& post, std::string& out) {
  Appender buffer{out, room_for(post)};
  EventPacker packer{buffer};
  const bool has_pending = !post.pending.empty();
  const bool has_html = has_pending || !post.html.empty();
  const bool has_refused = has_html || !post.refused.empty();
  packer.pack_array(11U + (has_refused ? 1U : 0U) + (has_html ? 1U : 0U) + (has_pending ? 1U : 0U));
  for (const std::string_view text :
       {post.post_id, post.source, post.author, post.author_name, post.lang, post.url, post.text}) {
    pack_text(packer, text);
  }
  pack_time(packer, post.created_at);
  packer.pack_int64(post.ingested_at.micros);
  packer.pack_array(static_cast<std::uint32_t>(post.hashtags.size()));
  for (const std::string_view tag : post.hashtags) pack_text(packer, tag);
  packer.pack_array(static_cast<std::uint32_t>(post.media.size() * 3));
  for (const Media& media : post.media) {
    pack_text(packer, media.type);
    pack_text(packer, media.url);
    pack_text(packer, media.alt);
  }
  if (has_refused) pack_text(packer, clipped(post.refused, PostLimits::kFieldBytes));
  if (has_html) pack_text(packer, post.html);
  if (!has_pending) return;
  packer.pack_array(static_cast<std::uint32_t>(post.pending.size() * 3));
  for (const Pending& one : post.pending) {
    pack_text(packer, one.target);
    pack_text(packer, one.format);
    packer.pack_uint32(one.attempts);
  }
}

bool decode_post(std::string_view bytes, Post& post) {
  if (bytes.size() > kMaxPostBytes) return false;
  Reader reader;
  reader.start(bytes);
  std::size_t hashtags = 0;
  std::size_t media = 0;
  if (!reader.array_of_at_least(11) || !reader.text(post.post_id, PostLimits::kIdBytes) ||
      !read_field(reader, post.source) || !read_field(reader, post.author) ||
      !read_field(reader, post.author_name) || !read_field(reader, post.lang) ||
      !read_field(reader, post.url) || !reader.text(post.text, PostLimits::kTextBytes) ||
      !read_time(reader, post.created_at) || !read_time(reader, post.ingested_at) ||
      !reader.array(hashtags) || hashtags > PostLimits::kHashtags) {
    return false;
  }
  post.hashtags.resize(hashtags);
  for (std::string_view& tag : post.hashtags) {
    if (!read_field(reader, tag)) return false;
  }
  if (!reader.array(media) || media % 3 != 0 || media / 3 > PostLimits::kMedia) return false;
  post.media.resize(media / 3);
  for (Media& item : post.media) {
    if (!read_field(reader, item.type) || !read_field(reader, item.url) ||
        !read_field(reader, item.alt)) {
      return false;
    }
  }
  post.refused = post.html = {};
  post.pending.clear();
  if (reader.more() && !read_field(reader, post.refused)) return false;
  if (reader.more() && !reader.text(post.html, PostLimits::kHtmlBytes)) return false;
  if (reader.more() && !read_pending(reader, post.pending)) return false;
  return reader.skip_to_end() && reader.finished() && !post.post_id.empty();
}

void encode_publication(const Publication& publication, std::string& out) {
  encode_publication_front(publication, out);
  out += publication.post;
}

void encode_publication_front(const Publication& publication, std::string& out) {
  Appender buffer{out, room_for({publication.post_id, publication.target, publication.format,
                                 publication.location, publication.error}) +
                           2 * Appender::kHead + 7 * Appender::kNumber};
  EventPacker packer{buffer};
  packer.pack_array(13);
  for (const std::string_view text :
       {publication.post_id, publication.target, publication.format, publication.location}) {
    pack_text(packer, text);
  }
  pack_text(packer, clipped(publication.error, PostLimits::kFieldBytes));
  packer.pack_uint8(static_cast<std::uint8_t>(publication.status));
  packer.pack_uint32(publication.attempts);
  packer.pack_uint8(publication.redelivered ? 1 : 0);
  pack_time(packer, publication.retry_at);
  packer.pack_int64(publication.ingested_at.micros);
  packer.pack_int64(publication.rendered_at.micros);
  packer.pack_int64(publication.published_at.micros);
  packer.pack_bin(static_cast<std::uint32_t>(publication.post.size()));
}

bool decode_publication(std::string_view bytes, Publication& publication) {
  Reader reader;
  reader.start(bytes);
  std::uint64_t status = 0;
  std::uint64_t attempts = 0;
  std::uint64_t redelivered = 0;
  if (!reader.array_of_at_least(13) || !reader.text(publication.post_id, PostLimits::kIdBytes) ||
      !read_field(reader, publication.target) || !read_field(reader, publication.format) ||
      !read_field(reader, publication.location) || !read_field(reader, publication.error) ||
      !reader.number(status, static_cast<std::uint64_t>(Status::Deferred)) ||
      !reader.number(attempts, UINT32_MAX) || !reader.number(redelivered, 1) ||
      !read_time(reader, publication.retry_at) || !read_time(reader, publication.ingested_at) ||
      !read_time(reader, publication.rendered_at) || !read_time(reader, publication.published_at) ||
      !reader.bytes(publication.post, kMaxPostBytes)) {
    return false;
  }
  publication.status = static_cast<Status>(status);
  publication.attempts = static_cast<std::uint32_t>(attempts);
  publication.redelivered = redelivered != 0;
  return reader.skip_to_end() && reader.finished() && !publication.post_id.empty();
}

}  // namespace pullwire::wire
