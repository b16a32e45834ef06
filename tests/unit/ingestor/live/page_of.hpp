// Asking a platform without a network.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ingestor/live/platform.hpp"

namespace pullwire::ingestor {

inline HttpAnswer answer_of(std::string body, long status = 200,
                            std::vector<std::pair<std::string, std::string>> headers = {}) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = std::move(body);
  answer.headers = std::move(headers);
  return answer;
}

/// What a platform's first stream gives for this answer.
inline Platform::Page page_of(const Platform& platform, const HttpAnswer& answer,
                              const std::string& place = "") {
  return platform.read(answer, platform.streams().front(), place);
}

/// 2026-11-28T12:00:00Z.
inline constexpr Timestamp kTestNow{1'795'867'200'000'000};

/// The URL that a platform's first stream asks for next.
inline std::string asked(const Platform& platform, const std::string& place = "") {
  return platform.request(platform.streams().front(), place, kTestNow).url;
}

/// Ids in order, with a blank between two.
inline std::string ids_of(const Platform::Page& page) {
  std::string ids;
  for (const FoundPost& post : page.posts) ids += (ids.empty() ? "" : " ") + post.id;
  return ids;
}

/// What throws BadAnswer says.
template <typename Action>
std::string complaint(Action action) {
  try {
    action();
  } catch (const BadAnswer& bad) {
    return bad.what();
  }
  return "nothing was wrong";
}

}  // namespace pullwire::ingestor
