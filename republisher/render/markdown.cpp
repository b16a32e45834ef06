#include <algorithm>
#include <string>

#include "republisher/render/plain.hpp"
#include "republisher/render/renderer.hpp"
#include "republisher/render/segments.hpp"

namespace pullwire::republisher {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t") == std::string_view::npos;
}

/// Whether `c` at `at` would be syntax anywhere in a line: of CommonMark 0.30, of
/// GFM's extensions, or of what static site generators put on top ("{{", "$").
bool is_syntax(std::string_view text, std::size_t at) {
  const auto rest = text.substr(at);
  switch (text[at]) {
    case '\\':
    case '`':
    case '*':
    case '_':
    case '[':
    case ']':
    case '<':
    case '>':
    case '&':
    case '|':
    case '~':
    case '{':
    case '}':
    case '$': return true;
    case '#':  // closes a heading
      return rest.size() == 1 || rest[1] == ' ' || rest[1] == '#';
    case ':':  // GFM makes links of bare URLs
      return rest.starts_with("://");
    default: return false;
  }
}

/// GFM makes a link of what begins so.
bool ends_with_www(std::string_view out) {
  if (out.size() < 3) return false;
  const std::string_view last = out.substr(out.size() - 3);
  return std::all_of(last.begin(), last.end(), [](char c) { return c == 'w' || c == 'W'; });
}

void append_escaped(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_syntax(text, at) || (text[at] == '.' && ends_with_www(out))) out += '\\';
    out += text[at];
  }
}

/// Copies what would begin a block (heading, list, underline of a heading, GFM's line
/// below a table's head) at the start of a line, escaped, and returns its size.
std::size_t append_block_start(std::string& out, std::string_view line) {
  if (std::string_view("#+-=:").find(line.front()) != std::string_view::npos) {
    out.append("\\") += line.front();
    return 1;
  }
  std::size_t digits = 0;
  while (digits < line.size() && is_digit(line[digits])) ++digits;
  if (digits == 0 || digits == line.size()) return 0;
  if (line[digits] != '.' && line[digits] != ')') return 0;
  out.append(line.substr(0, digits)).append("\\") += line[digits];
  return digits + 1;
}

/// CommonMark strips white space at the ends of a line; a character reference stays.
void append_edge_space(std::string& out, char c) {
  out += c == '\t' ? "&#9;" : "&#32;";
}

void append_link(std::string& out, std::string_view url) {
  if (url.find('&') == std::string_view::npos) {
    out.append("<").append(url).append(">");
    return;
  }
  if (out.ends_with('!')) out.insert(out.size() - 1, 1, '\\');  // or it would be an image
  out += '[';
  append_escaped(out, url);
  out += "](<";
  for (const char c : url) {
    out += c;
    if (c == '&') out += "amp;";
  }
  out += ">)";
}

/// One line, not blank, of running text.
void append_line(std::string& out, std::string_view line) {
  const bool space_before = line.front() == ' ' || line.front() == '\t';
  const bool space_after = line.back() == ' ' || line.back() == '\t';
  if (space_before) append_edge_space(out, line.front());
  const std::string_view inner = line.substr(
      space_before ? 1 : 0, line.size() - (space_before ? 1 : 0) - (space_after ? 1 : 0));
  std::size_t done = space_before ? 0 : append_block_start(out, inner);
  for (const Segment& segment : split_segments(inner)) {
    const std::size_t skip = std::min(done, segment.text.size());
    done -= skip;
    const std::string_view text = segment.text.substr(skip);
    segment.kind == SegmentKind::Link ? append_link(out, text) : append_escaped(out, text);
  }
  if (space_after) append_edge_space(out, line.back());
}

void append_paragraphs(std::string& out, std::string_view text) {
  bool in_paragraph = false;
  for (const std::string_view line : split_lines(text)) {
    if (is_blank(line)) {
      if (in_paragraph) out += "\n\n";
      in_paragraph = false;
      continue;
    }
    if (in_paragraph) out += "\\\n";
    append_line(out, line);
    in_paragraph = true;
  }
  if (in_paragraph) out += "\n\n";
}

void append_field(std::string& out, std::string_view field) {
  append_escaped(out, one_line(field, PostLimits::kFieldBytes));
}

void append_footer(std::string& out, const Post& post) {
  const std::string url = clean(post.url);
  const bool linked = is_web_url(url);
  if (post.hashtags.empty() && post.media.empty() && !linked) return;
  out += "---\n\n";
  for (const std::string_view hashtag : post.hashtags) {
    out += out.back() == '\n' ? "\\#" : " \\#";
    append_field(out, hashtag);
  }
  if (!post.hashtags.empty()) out += "\n\n";
  for (const Media& media : post.media) {
    out += "- ";
    const std::string type = one_line(media.type, PostLimits::kFieldBytes);
    append_line(out, type.empty() ? "attachment" : type);
    const std::string address = clean(media.url);
    if (is_web_url(address)) append_link(out.append(": "), address);
    if (!media.alt.empty()) append_field(out.append(": "), media.alt);
    out += '\n';
  }
  if (!post.media.empty()) out += '\n';
  if (linked) {
    append_link(out.append("Original: "), url);
    out += '\n';
  }
}

}  // namespace

std::string render_markdown(const Post& post) {
  std::string out;
  out.reserve(post.text.size() + post.text.size() / 8 + 512);
  const std::string name = display_name(post.author_name, post.author, post.source);
  out += "# ";
  append_escaped(out, name);
  out += "\n\n";
  const std::string handle = display_handle(handle_beside(post.author, post.author_name));
  if (!handle.empty() && handle != name) {
    append_escaped(out, handle);
    out += post.created_at ? ", " : "\n\n";
  }
  if (post.created_at) out += display_time(*post.created_at) + "\n\n";
  append_paragraphs(out, clean(post.text));
  append_footer(out, post);
  while (out.size() > 1 && out.ends_with("\n\n")) out.pop_back();
  return out;
}

}  // namespace pullwire::republisher
