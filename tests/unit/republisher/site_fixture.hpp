// A directory target's site as its readers see it: what its pages and its feed lead to.
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <pugixml.hpp>

#include "republisher/publish/directory.hpp"
#include "republisher/publish/directory_names.hpp"
#include "tests/catch.hpp"
#include "tests/unit/republisher/sample_posts.hpp"
#include "tests/unit/republisher/temporary_folder.hpp"

namespace pullwire::republisher {

using Strings = std::vector<std::string>;

inline std::unique_ptr<Target> open_target(const std::filesystem::path& root,
                                           const Timestamp* now) {
  return make_directory_target(root, [now] { return *now; });
}

inline std::string id_of(int number) {
  return "test:" + std::to_string(number);
}

inline Outcome publish(Target& target, const std::string& id, const std::string& format = "html",
                       std::string bytes = {}) {
  Post post = sample_post();
  post.post_id = id;
  const Format* found = find_format(format);
  REQUIRE(found != nullptr);
  if (bytes.empty()) bytes = found->render(post);
  return target.prepare({&post, found, std::move(bytes)}).value();
}

inline std::string path_of(const std::string& id, const std::string& extension = "html") {
  return document_path(post_key(id), extension);
}

/// A site on a disk, seen as its readers see it.
struct Site {
  TemporaryFolder folder;
  std::filesystem::path root = folder.path() / "site";
  Timestamp now{1'795'456'000'000'000};

  std::unique_ptr<Target> open() { return open_target(root, &now); }

  void pass_seconds(int seconds) { now.micros += seconds * 1'000'000; }

  std::set<std::string> documents() const {
    std::set<std::string> found;
    if (!std::filesystem::exists(root / "posts")) return found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / "posts")) {
      if (entry.is_regular_file())
        found.insert(std::filesystem::relative(entry.path(), root).string());
    }
    return found;
  }

  static Strings links_in(const std::string& html) {
    static const std::regex link{"<a href=\"(posts/[^\"]*)\" type="};
    Strings links;
    for (std::sregex_iterator it{html.begin(), html.end(), link}, end; it != end; ++it) {
      links.push_back((*it)[1]);
    }
    return links;
  }

  /// Every page from the newest on, by their links to older ones.
  Strings pages() const {
    static const std::regex older{"<a href=\"(page-[0-9]+\\.html)\" rel=\"next\""};
    Strings names{"index.html"};
    while (true) {
      const std::string html = contents(root / names.back());
      std::smatch match;
      if (!std::regex_search(html, match, older)) return names;
      names.push_back(match[1]);
    }
  }

  /// All documents that the index links to, newest first.
  Strings indexed() const {
    Strings all;
    for (const std::string& page : pages()) {
      const Strings links = links_in(contents(root / page));
      all.insert(all.end(), links.begin(), links.end());
    }
    return all;
  }

  Strings fed() const {
    pugi::xml_document feed;
    REQUIRE(feed.load_file((root / "feed.atom").c_str()));
    Strings all;
    for (const auto entry : feed.child("feed").children("entry")) {
      for (const auto link : entry.children("link")) {
        if (std::string_view(link.attribute("rel").value()) == "alternate") {
          all.emplace_back(link.attribute("href").value());
        }
      }
    }
    return all;
  }

  /// Index and feed say what the directory holds: all of it, once, nothing else.
  void check_agreement() const {
    const Strings links = indexed();
    CHECK(std::set<std::string>(links.begin(), links.end()) == documents());
    CHECK(links.size() == documents().size());
    const Strings feed = fed();
    REQUIRE(feed.size() <= links.size());
    CHECK(std::equal(feed.begin(), feed.end(), links.begin()));
    std::size_t page_files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(root)) {
      if (entry.path().extension() == ".html") ++page_files;
    }
    CHECK(page_files == pages().size());
  }
};

}  // namespace pullwire::republisher
