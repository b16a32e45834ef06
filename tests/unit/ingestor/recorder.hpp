// What a source gave, for the tests of sources.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingestor/sources/source.hpp"

namespace pullwire::ingestor {

struct Recorder final : Sink {
  struct Given {
    std::string id;
    std::string text;
    std::string position;
    Timestamp ingested_at;
  };

  void requested() override { ++requests; }
  void post(const Post& post, const Traits&, std::string_view position) override {
    posts.push_back({std::string{post.post_id}, std::string{post.text}, std::string{position},
                     post.ingested_at});
  }
  void skipped(std::string_view where, std::string_view why) override {
    skips.push_back(std::string{where} + " " + std::string{why});
  }
  void old(std::string_view post_id) override { olds.emplace_back(post_id); }
  void error(std::string_view why) override { errors.emplace_back(why); }
  void works() override { ++recoveries; }
  void moved() override { ++moves; }

  /// The ids in order, with a blank between two.
  std::string ids() const {
    std::string all;
    for (const Given& given : posts) all += (all.empty() ? "" : " ") + given.id;
    return all;
  }

  std::size_t requests = 0;
  std::vector<Given> posts;
  std::vector<std::string> skips;
  std::vector<std::string> errors;
  std::vector<std::string> olds;
  std::size_t recoveries = 0;
  std::size_t moves = 0;
};

/// Pulls until the source has ended or wants to be asked later. Returns whether it has ended.
inline bool pull_all(Source& source, Recorder& recorder, Time now = Time{0}) {
  for (;;) {
    const auto again = source.pull(now, 1, recorder);
    if (!again) return true;
    if (*again > now) return false;
  }
}

}  // namespace pullwire::ingestor
