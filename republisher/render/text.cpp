#include <string>

#include "republisher/render/plain.hpp"
#include "republisher/render/renderer.hpp"

namespace pullwire::republisher {
namespace {

void append_line(std::string& out, std::string_view field) {
  const std::string line = one_line(field, PostLimits::kFieldBytes);
  if (!line.empty()) out.append(line) += '\n';
}

void append_hashtags(std::string& out, const Post& post) {
  if (post.hashtags.empty()) return;
  out += '\n';
  for (const std::string_view hashtag : post.hashtags) {
    if (out.back() != '\n') out += ' ';
    out.append("#").append(one_line(hashtag, PostLimits::kFieldBytes));
  }
  out += '\n';
}

void append_media(std::string& out, const Post& post) {
  if (!post.media.empty()) out += '\n';
  for (const Media& media : post.media) {
    const std::string type = one_line(media.type, PostLimits::kFieldBytes);
    out.append("[").append(type.empty() ? "attachment" : type).append("] ");
    append_line(out, media.url.empty() ? "-" : media.url);
    append_line(out, media.alt);
  }
}

}  // namespace

std::string render_text(const Post& post) {
  std::string out;
  out.reserve(post.text.size() + 512);
  const std::string name = display_name(post.author_name, post.author, post.source);
  const std::string handle = display_handle(handle_beside(post.author, post.author_name));
  out += name;
  if (!handle.empty() && handle != name) out.append(" (").append(handle).append(")");
  out += '\n';
  if (post.created_at) out.append(display_time(*post.created_at)) += '\n';
  append_line(out, post.url);

  out += '\n';
  append_clean(out, post.text);
  if (out.back() != '\n') out += '\n';
  append_hashtags(out, post);
  append_media(out, post);
  return out;
}

}  // namespace pullwire::republisher
