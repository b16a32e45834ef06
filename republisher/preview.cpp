#include "republisher/preview.hpp"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "common/model/post_parser.hpp"
#include "common/ops/text.hpp"
#include "republisher/render/segments.hpp"

namespace pullwire::republisher {
namespace {

constexpr std::size_t kMostLine = std::size_t{4} * 1024 * 1024;

/// A line of the file, its newline taken off.
struct Line {
  std::string text{};
  bool too_long = false;
};

/// False at the end.
bool read_line(std::streambuf& in, Line& line) {
  constexpr int kEnd = std::char_traits<char>::eof();
  line = {};
  bool any = false;
  for (int c = in.sbumpc(); c != kEnd; c = in.sbumpc()) {
    any = true;
    if (c == '\n') break;
    line.too_long = line.too_long || line.text.size() >= kMostLine;
    if (!line.too_long) line.text += static_cast<char>(c);
  }
  return any;
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
    throw std::runtime_error{"cannot write to standard output"};
  }
}

std::string counted(const Shown& shown) {
  return std::to_string(shown.text->graphemes) + " of " + std::to_string(shown.most) +
         " characters";
}

void show_publication(const PreviewTarget& target, const Format& format, const Post& post) {
  Document document{.post = &post, .format = &format, .bytes = {}};
  std::string line = "  " + target.name + " " + std::string{format.name} + ": ";
  try {
    document.bytes = format.render(post);
  } catch (const std::runtime_error& error) {
    return print(line + "cannot be rendered: " + escaped(error.what()) + '\n');
  }
  const Shown shown = target.show(document);
  line += escaped(shown.address) + ", ";
  if (!shown.text) {
    return print(line + std::string{format.media_type} + ", " +
                 std::to_string(document.bytes.size()) + " bytes\n");
  }
  line += counted(shown) + '\n';
  for (const std::string_view one : split_lines(shown.text->text)) {
    line.append("    | ").append(escaped(one)) += '\n';
  }
  print(line);
}

void show_post(const std::vector<PreviewTarget>& targets, const Post& post) {
  print(escaped(post.post_id) + '\n');
  if (!post.refused.empty()) return print("  refused: " + escaped(post.refused) + '\n');
  for (const PreviewTarget& target : targets) {
    for (const Format* format : target.formats) show_publication(target, *format, post);
  }
}

}  // namespace

int preview(const std::filesystem::path& file, const std::vector<PreviewTarget>& targets) {
  const bool standard_input = file == "-";
  std::ifstream opened;
  if (!standard_input) {
    opened.open(file, std::ios::binary);
    if (!opened) throw std::runtime_error{file.string() + " cannot be read"};
  }
  std::streambuf& in = standard_input ? *std::cin.rdbuf() : *opened.rdbuf();
  PostParser parser{"preview"};
  std::size_t posts = 0;
  std::size_t number = 0;
  bool all_good = true;
  for (Line line; read_line(in, line);) {
    ++number;
    if (line.text.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (posts == kPreviewedPosts) {
      print("and more: the first " + std::to_string(kPreviewedPosts) + " posts are shown\n");
      break;
    }
    const std::size_t size = line.text.size();
    line.text.append(simdjson::SIMDJSON_PADDING, '\0');
    if (!line.too_long && parser.parse(std::string_view{line.text}.substr(0, size))) {
      ++posts;
      show_post(targets, parser.post());
      continue;
    }
    all_good = false;
    const std::string why = line.too_long ? "is longer than 4 MiB" : parser.why();
    std::cerr << file.string() << ":" << number << ": " << escaped(why) << '\n';
  }
  if (std::fflush(stdout) != 0) throw std::runtime_error{"cannot write to standard output"};
  return all_good ? 0 : 1;
}

}  // namespace pullwire::republisher
