// Messages and events as the protocol's tests make and show them. Pure.
#pragma once

#include <string>
#include <vector>

#include "common/flow/messages.hpp"
#include "common/model/publication.hpp"

namespace pullwire::tests {

/// An event as it came.
struct Arrived {
  flow::Seq seq;
  flow::Delivery delivery;
  std::string payload;
  std::uint32_t age_ms = 0;  ///< which the delivery has not, so that it can be compared
};

/// What a message is, for a failed test.
std::string describe(const flow::Message& message);

/// The message with an element more in its array, as a later version may send it.
std::string with_further_element(const flow::Message& message);

/// The bytes of a post and of a publication.
std::string a_post(const std::string& post_id, const std::string& text = "text");
std::string a_publication(const std::string& post_id, const std::string& format = "text");
/// The posts `first`, `first + 1`, …
std::vector<std::string> posts(int first, int count);

/// The id of the post in an event of the link `posts`. Throws if it is none.
std::string post_id_of(const Arrived& event);
std::vector<std::string> post_ids_of(const std::vector<Arrived>& events);
/// The publication in an event of the link `publications`: views into it. Throws if it is none.
Publication publication_of(const Arrived& event);

}  // namespace pullwire::tests
