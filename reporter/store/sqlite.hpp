// The store in a SQLite file: tables `posts` and `publications`, for users to query, and
// `unpublished`, for a replay (ops/report_database.hpp).
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "common/model/post.hpp"
#include "reporter/store/store.hpp"

namespace pullwire::reporter {

/// Reads a post's encoded form into `post`, whose strings are views into `bytes`.
/// Returns false if it is none.
using PostDecoder = bool (*)(std::string_view bytes, Post& post);

/// Opens or creates the database at `path` (ops/sqlite.hpp: throws
/// std::runtime_error, one line for the operator) and holds it against other processes.
///
/// One row for one publication, whatever was redelivered:
/// - `published` is final: of a later record only `redelivered` is taken.
/// - `failed` and `deferred` give way to any later record: its status, attempts,
///   location, error, retry_at and rendered_at replace theirs.
/// - `redelivered` is 1 once any of the records was redelivered.
/// - `published_at` is the time of publishing: NULL until then, never changed after.
/// - `recorded_at` is when the first record was stored. A post's row is its first form.
/// - The post of a `failed` or `deferred` record is kept as it came until all publications of
///   it that there are rows of are published.
///
/// A database of schema version 1 is brought up to date.
///
/// NULL stands for what is not known or does not apply (an empty string of the
/// record; `rendered_at` of a publication that was not rendered, whose time is 0).
std::unique_ptr<Store> make_sqlite_store(const std::filesystem::path& path, PostDecoder decode);

}  // namespace pullwire::reporter
