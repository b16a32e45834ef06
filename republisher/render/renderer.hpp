// Turns a post into a document. One function a format.
//
// A document is a function of the post's content alone: it does not depend on the
// time, the machine, `ingested_at` or on how often it is rendered, so that writing it
// again writes the same bytes. Text in a post comes from strangers: renderers
// escape it for their format. Functions may be called from any one thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/model/post.hpp"

namespace pullwire::republisher {

struct Format {
  std::string_view name;       ///< in the configuration and the database: "html"
  std::string_view extension;  ///< of files, without the dot: "html"
  std::string_view media_type;
  /// Throws std::runtime_error with a reason when the post cannot be rendered.
  std::string (*render)(const Post&);
};

/// Every format there is, in the order in which an index lists them.
std::span<const Format> formats();

/// The format of that name, or null.
const Format* find_format(std::string_view name);

std::string render_html(const Post& post);
std::string render_markdown(const Post& post);
std::string render_text(const Post& post);
std::string render_json(const Post& post);
std::string render_pdf(const Post& post);

}  // namespace pullwire::republisher
