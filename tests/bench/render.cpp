// Renders the posts of a file again and again in one format, on one thread, and says how many
// documents that made in the thread's own time.
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <list>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/model/post_parser.hpp"
#include "common/ops/program.hpp"
#include "republisher/render/renderer.hpp"

namespace pullwire::bench {
namespace {

/// The posts of a file of JSON lines, with the bytes that they are views of.
class Posts {
 public:
  explicit Posts(const std::string& path) {
    std::ifstream file{path};
    if (!file) throw std::runtime_error(path + " cannot be read");
    for (std::string line; std::getline(file, line);) add(std::move(line), path);
    if (posts_.empty()) throw std::runtime_error(path + " has no posts");
  }

  const std::vector<const Post*>& all() const { return posts_; }

 private:
  struct Line {
    std::string json;
    PostParser parser{"file"};
  };

  void add(std::string json, const std::string& path) {
    const std::size_t size = json.size();
    json.append(simdjson::SIMDJSON_PADDING, '\0');
    Line& line = lines_.emplace_back();
    line.json = std::move(json);
    if (!line.parser.parse(std::string_view{line.json}.substr(0, size))) {
      throw std::runtime_error(path + ":" + std::to_string(lines_.size()) + ": " +
                               line.parser.why());
    }
    posts_.push_back(&line.parser.post());
  }

  std::list<Line> lines_;
  std::vector<const Post*> posts_;
};

double thread_seconds() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

std::uint64_t render_all(const Posts& posts, const republisher::Format& format) {
  std::uint64_t bytes = 0;
  for (const Post* post : posts.all()) bytes += format.render(*post).size();
  return bytes;
}

int run(int argc, char** argv) {
  CLI::App app{"Documents a second, in one format on one core"};
  std::string path;
  std::string name;
  double seconds = 1;
  app.add_option("--posts", path, "a file of JSON lines")->required();
  app.add_option("--format", name, "html, markdown, text, json or pdf")->required();
  app.add_option("--seconds", seconds, "that are measured, at least");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  const republisher::Format* format = republisher::find_format(name);
  if (format == nullptr) throw std::runtime_error("there is no format " + name);
  const Posts posts{path};

  render_all(posts, *format);  // reads fonts and fills caches
  // Whole rounds: every post counts as often as every other.
  std::uint64_t documents = 0;
  std::uint64_t bytes = 0;
  const double begin = thread_seconds();
  double took = 0;
  while (took < seconds) {
    bytes += render_all(posts, *format);
    documents += posts.all().size();
    took = thread_seconds() - begin;
  }
  std::printf("{\"documents\": %llu, \"bytes\": %llu, \"seconds\": %.6f}\n",
              static_cast<unsigned long long>(documents), static_cast<unsigned long long>(bytes),
              took);
  return 0;
}

}  // namespace
}  // namespace pullwire::bench

int main(int argc, char** argv) {
  return pullwire::run_program("bench_render", [&] { return pullwire::bench::run(argc, argv); });
}
