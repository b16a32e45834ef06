// Posts to render as PDF, and what poppler-utils sees in the result.
#pragma once

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include <unistd.h>

#include "common/model/post.hpp"
#include "tests/catch.hpp"

namespace pullwire::republisher {

inline Post post(std::string_view text, std::string_view lang = "en") {
  Post post;
  post.post_id = "file:1";
  post.source = "file";
  post.author = "ada";
  post.author_name = "Ada Lovelace";
  post.lang = lang;
  post.text = text;
  return post;
}

/// What a command of poppler-utils prints about a document.
class Poppler {
 public:
  explicit Poppler(const std::string& pdf) {
    std::string name = (std::filesystem::temp_directory_path() / "pullwire-pdf-XXXXXX").string();
    const int file = mkstemp(name.data());
    REQUIRE(file >= 0);
    close(file);
    path_ = name;
    std::ofstream{path_, std::ios::binary} << pdf;
  }
  Poppler(const Poppler&) = delete;
  Poppler& operator=(const Poppler&) = delete;
  ~Poppler() { std::filesystem::remove(path_); }

  std::string run(const std::string& command, const std::string& output = "") const {
    const std::string line = "TZ=UTC " + command + " " + path_.string() + " " + output + " 2>&1";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen(line.c_str(), "r"), pclose};
    REQUIRE(pipe);
    std::string printed;
    std::array<char, 4096> buffer{};
    while (const auto count = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
      printed.append(buffer.data(), count);
    return printed;
  }
  std::string text() const { return run("pdftotext -enc UTF-8", "-"); }
  std::string urls() const { return run("pdfinfo -url"); }

 private:
  std::filesystem::path path_;
};

inline std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace pullwire::republisher
