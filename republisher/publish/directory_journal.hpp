// The append-only list of a site's documents, shared by all processes that write it.
//
// A line is "CRC FORMAT KEY[ DETAILS]" between two newlines: CRC-32 of what
// follows it in eight hexadecimal digits; DETAILS, a JSON object (site_listing.hpp),
// on the first line that a process writes of a post. Each line goes out in one
// write(2) and begins with a newline of its own, so that what a killed process left half
// written spoils no other; lines that do not match their CRC are passed over.
// One thread; any number of processes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "republisher/publish/directory_files.hpp"

namespace pullwire::republisher {

class Journal {
 public:
  struct Line {
    std::string_view format;
    std::string_view key;
    std::string_view details;  ///< "" if there are none
    std::uint64_t offset;      ///< of the line in the file
    std::uint32_t size;        ///< bytes, without the newline
  };

  /// Opens or makes the file.
  explicit Journal(std::filesystem::path path);

  /// Throws std::system_error; then the line may be there or not.
  void append(std::string_view format, std::string_view key, std::string_view details);

  /// Calls `take` for each good line that has come since the last call. Returns
  /// false, reading nothing, if the file is no longer what was read so far
  /// (someone removed or cut it): it is then opened anew and read from its start next time.
  [[nodiscard]] bool read_new(const std::function<void(const Line&)>& take);

  /// A line that was read before; throws std::runtime_error if it is gone.
  /// Calls `take` while its bytes last.
  void read_line(std::uint64_t offset, std::uint32_t size,
                 const std::function<void(const Line&)>& take) const;

 private:
  std::filesystem::path path_;
  File file_;
  std::uint64_t end_ = 0;  // up to where it was read
};

}  // namespace pullwire::republisher
