#include "ingestor/sources/raw_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pullwire::ingestor {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, int error) {
  throw std::runtime_error{path.string() + ": " + std::generic_category().message(error)};
}

struct stat status_of(int descriptor, const std::filesystem::path& path) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) fail(path, errno);
  return status;
}

/// Exactly `size` bytes from `offset` on, or nothing.
std::optional<std::string> read_at(int descriptor, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count =
        pread(descriptor, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

}  // namespace

std::optional<Fingerprint> Fingerprint::of(int descriptor, std::uint64_t size) {
  const auto end = static_cast<std::size_t>(std::min<std::uint64_t>(size, kEnd));
  auto head = read_at(descriptor, 0, end);
  auto tail = read_at(descriptor, size - end, end);
  if (!head || !tail) return std::nullopt;
  Fingerprint fingerprint;
  fingerprint.size_ = size;
  fingerprint.head_ = *std::move(head);
  fingerprint.tail_ = *std::move(tail);
  return fingerprint;
}

void Fingerprint::add(std::string_view bytes) {
  size_ += bytes.size();
  head_.append(bytes.substr(0, kEnd - head_.size()));
  if (bytes.size() < kEnd) {
    tail_.append(bytes);
    if (tail_.size() > kEnd) tail_.erase(0, tail_.size() - kEnd);
  } else {
    tail_.assign(bytes.substr(bytes.size() - kEnd));
  }
}

std::string Fingerprint::digest() const {
  std::array<unsigned char, 16> hash{};
  const std::string ends = head_ + tail_;
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(ends.data()),
                     ends.size(), nullptr, 0);
  std::array<char, 2 * hash.size() + 1> text{};
  sodium_bin2hex(text.data(), text.size(), hash.data(), hash.size());
  return text.data();
}

// Without O_NONBLOCK a named pipe would hold up the loop before it is refused.
RawFile::RawFile(std::filesystem::path path)
    : path_{std::move(path)},
      descriptor_{open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)} {
  if (descriptor_ < 0) fail(path_, errno);
  struct stat status {};
  const int error = fstat(descriptor_, &status) != 0 ? errno : 0;
  if (error == 0 && S_ISREG(status.st_mode)) return;
  close(descriptor_);
  if (error != 0) fail(path_, error);
  throw std::runtime_error{path_.string() + ": not a regular file"};
}

RawFile::~RawFile() {
  close(descriptor_);
}

std::size_t RawFile::read(char* to, std::size_t size) {
  ssize_t count = 0;
  do {
    count = ::read(descriptor_, to, size);
  } while (count < 0 && errno == EINTR);
  if (count < 0) fail(path_, errno);
  known_.add({to, static_cast<std::size_t>(count)});
  return static_cast<std::size_t>(count);
}

std::uint64_t RawFile::size() const {
  return static_cast<std::uint64_t>(status_of(descriptor_, path_).st_size);
}

bool RawFile::begins_with(std::uint64_t size, std::string_view digest) const {
  const auto fingerprint = Fingerprint::of(descriptor_, size);
  return fingerprint && fingerprint->digest() == digest;
}

bool RawFile::go_to(std::uint64_t position) {
  auto fingerprint = Fingerprint::of(descriptor_, position);
  if (!fingerprint) return false;
  if (lseek(descriptor_, static_cast<off_t>(position), SEEK_SET) < 0) fail(path_, errno);
  known_ = *std::move(fingerprint);
  return true;
}

bool RawFile::replaced() const {
  struct stat there {};
  if (stat(path_.c_str(), &there) != 0) fail(path_, errno);
  const struct stat mine = status_of(descriptor_, path_);
  return there.st_dev != mine.st_dev || there.st_ino != mine.st_ino;
}

}  // namespace pullwire::ingestor
