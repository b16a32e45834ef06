// Files of a site: written whole or not at all, and locks that die with their
// holder. All errors are std::system_error naming the path. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace pullwire::republisher {

/// Owns a file descriptor.
class File {
 public:
  File() = default;
  /// open(2), closed on exec; a new file gets mode 0666 less the umask.
  File(const std::filesystem::path& path, int flags);
  File(File&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  File& operator=(File&& other) noexcept;
  ~File();

  int fd() const { return fd_; }

  /// Takes the exclusive flock(2); returns false if another holds it.
  [[nodiscard]] bool try_lock();
  void unlock();

 private:
  int fd_ = -1;
};

/// Puts files in place by writing them under a name of its own and renaming.
class WholeFileWriter {
 public:
  /// `folder` (made if missing) is on the file system of what is to be written.
  /// Removes what writers of killed processes left there.
  explicit WholeFileWriter(std::filesystem::path folder);
  ~WholeFileWriter();
  WholeFileWriter(const WholeFileWriter&) = delete;
  WholeFileWriter& operator=(const WholeFileWriter&) = delete;

  /// Replaces `target` by a file of these bytes. Makes its folder if missing.
  /// `before_visible` is called when the bytes are written and the name is not yet
  /// given; if it throws, `target` stays as it was.
  void write(const std::filesystem::path& target, std::string_view bytes,
             const std::function<void()>& before_visible = {});

 private:
  void remove_leftovers() const;
  void claim_name();

  std::filesystem::path folder_;
  std::filesystem::path claim_path_;  // locked for as long as this writer lives
  std::filesystem::path temporary_;
  File claim_;
};

/// Whether there is a regular file with something in it.
[[nodiscard]] bool has_content(const std::filesystem::path& path);

}  // namespace pullwire::republisher
