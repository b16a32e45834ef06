// A regular file, read from front to back, and what it is known by.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace pullwire::ingestor {

/// What a file is known by: how many bytes of it were read, and what stands at
/// both ends of them. A grown, moved or copied file still has it; a replaced,
/// shorter or rewritten one doesn't, unless only the middle differs and every byte
/// behind it kept its place.
class Fingerprint {
 public:
  static constexpr std::size_t kEnd = 4096;  ///< bytes of each end

  /// Of the first `size` bytes of a file; nothing if it is shorter or cannot be read.
  static std::optional<Fingerprint> of(int descriptor, std::uint64_t size);

  /// The next bytes of the file.
  void add(std::string_view bytes);

  std::uint64_t size() const { return size_; }
  /// BLAKE2b of both ends, in hexadecimal digits.
  std::string digest() const;

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;

 private:
  std::uint64_t size_ = 0;
  std::string head_;  // the first min(size_, kEnd) bytes
  std::string tail_;  // the last min(size_, kEnd) bytes
};

/// Functions that fail throw std::runtime_error, which names the path and the reason.
class RawFile {
 public:
  explicit RawFile(std::filesystem::path path);
  ~RawFile();
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  /// The next bytes, at most `size`; 0 at the end.
  std::size_t read(char* to, std::size_t size);

  /// How many bytes were read, or skipped.
  std::uint64_t position() const { return known_.size(); }
  const Fingerprint& known() const { return known_; }

  std::uint64_t size() const;

  /// Whether what was read still stands in the file.
  bool unchanged() const { return Fingerprint::of(descriptor_, known_.size()) == known_; }

  /// Whether the file has these first bytes (a fingerprint's size and digest).
  bool begins_with(std::uint64_t size, std::string_view digest) const;

  /// Goes on at `position`. Returns false, changing nothing, if the file is shorter.
  bool go_to(std::uint64_t position);

  /// Whether the path names another file by now. Throws if it names none.
  bool replaced() const;

 private:
  std::filesystem::path path_;
  int descriptor_;
  Fingerprint known_;
};

}  // namespace pullwire::ingestor
