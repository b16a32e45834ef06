// A directory target's site as its readers see it: what its pages and its feed lead to.
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <pugixml.hpp>

#include "republisher/publish/directory.hpp"
#include "republisher/publish/directory_names.hpp"
#include "tests/catch.hpp"
#include "tests/temp_dir.hpp"
#include "tests/unit/republisher/sample_posts.hpp"

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
  tests::TempDir folder;
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

  /// <main> of a page; the page goes with `document`.
  pugi::xml_node open_page(pugi::xml_document& document, const std::string& name) const {
    REQUIRE(document.load_file((root / name).c_str()));
    return document.child("html").child("body").child("main");
  }

  static void append_links(Strings& links, const pugi::xml_node& main) {
    for (const auto article : main.children("article")) {
      for (const auto item : article.child("footer").child("ul").children("li")) {
        const auto link = item.child("a");
        if (link.attribute("type")) links.emplace_back(link.attribute("href").value());
      }
    }
  }

  /// Every page from the newest on, by their links to older ones.
  Strings pages() const {
    Strings names{"index.html"};
    while (names.size() < 1000) {
      pugi::xml_document document;
      const auto navigation = open_page(document, names.back()).child("nav");
      const auto older = navigation.find_child_by_attribute("a", "rel", "next");
      if (!older) break;
      names.emplace_back(older.attribute("href").value());
    }
    return names;
  }

  /// All documents that the index links to, newest first.
  Strings indexed() const {
    Strings all;
    for (const std::string& page : pages()) {
      pugi::xml_document document;
      append_links(all, open_page(document, page));
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
