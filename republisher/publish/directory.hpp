// The target "directory:PATH": a static site of one file per post and format, an
// index of pages and an Atom feed. Several processes may write one at a time.
//
//   PATH/posts/3f/<key>.html     documents; names: directory_names.hpp
//   PATH/index.html, page-N.html, feed.atom
//   PATH/.pullwire/              journal, lock, documents being written
//
// Each document is in the journal before it is in its place, so an index made from
// the journal and a look at the directory misses none, whoever was killed when.
// Index and feed trail by about a second and are exact after tidy().
//
// What survives: a document, a page and the feed are there whole or not at all,
// whatever process is killed. Nothing is flushed to the disk for each file, so
// a power cut may take back what was written in the last half minute or so; a file
// it left empty counts as missing and is listed again when it is published again.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "common/model/time.hpp"
#include "republisher/publish/target.hpp"

namespace pullwire::republisher {

/// `root` is made if it is missing. Scans what is there and brings the index up
/// to date, which takes about a second for 100,000 posts. `clock` paces the
/// rebuilding (once a second, all processes together) and dates what carries no
/// date of its own. Throws std::system_error naming the path if the site cannot
/// be written to. What fails later is deferred for a minute.
std::unique_ptr<Target> make_directory_target(std::filesystem::path root,
                                              std::function<Timestamp()> clock = wall_clock);

}  // namespace pullwire::republisher
