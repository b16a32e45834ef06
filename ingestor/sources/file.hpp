// Posts from a file of JSON lines (`file:PATH`), plain or, if its name ends in .gz, gzip.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "ingestor/sources/source.hpp"

namespace pullwire::ingestor {

/// A source of the posts in `path`, named `name`.
///
/// One `pull` reads one block of at most `block` bytes, or looks whether there is one.
/// With `follow` the source never ends: at the file's end it waits for more. A line
/// without newline at the end is a post then only when its newline comes, otherwise at once.
///
/// A position is "OFFSET:LINE:TURN" (json_lines.hpp), a cursor JSON: `offset` of a line
/// in the (decompressed) text, its number `line`, and `size` and `digest` of what was read
/// (raw_file.hpp). It applies to every file that begins with these bytes: grown, moved,
/// or restored from a copy. For any other, reading starts from the beginning; so it does
/// while following, when the file was cut off, rewritten or replaced under its name (then
/// the old file is read to its end before). The cursor of a position in a file that is
/// gone is the new file's beginning.
///
/// Throws std::runtime_error that names the path if it cannot be opened or is no
/// regular file. What fails later is told to the sink once, until something else happens;
/// a finite source ends at data that is not gzip, and a following one waits for better.
std::unique_ptr<Source> make_file_source(std::string name, std::filesystem::path path, bool follow,
                                         std::size_t block = 64 * 1024);

}  // namespace pullwire::ingestor
