#include "republisher/publish/directory_files.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pullwire::republisher {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTemporarySuffix = ".new";

[[noreturn]] void fail(const fs::path& path) {
  throw std::system_error(errno, std::generic_category(), path.string());
}

void write_all(const File& file, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.fd(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void rename_into_place(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return;
  if (errno != ENOENT) fail(to);
  fs::create_directories(to.parent_path());
  if (::rename(from.c_str(), to.c_str()) != 0) fail(to);
}

std::string random_name() {
  std::array<unsigned char, 8> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  std::array<char, 17> hex{};
  sodium_bin2hex(hex.data(), hex.size(), bytes.data(), bytes.size());
  return hex.data();
}

bool is_still_named(const File& file) {
  struct stat status {};
  return ::fstat(file.fd(), &status) == 0 && status.st_nlink > 0;
}

}  // namespace

File::File(const fs::path& path, int flags) : fd_{::open(path.c_str(), flags | O_CLOEXEC, 0666)} {
  if (fd_ < 0) fail(path);
}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

bool File::try_lock() {
  while (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) fail("flock");
  }
  return true;
}

void File::unlock() {
  ::flock(fd_, LOCK_UN);
}

WholeFileWriter::WholeFileWriter(fs::path folder) : folder_{std::move(folder)} {
  fs::create_directories(folder_);
  remove_leftovers();
  claim_name();
}

WholeFileWriter::~WholeFileWriter() {
  ::unlink(temporary_.c_str());
  ::unlink(claim_path_.c_str());
}

void WholeFileWriter::remove_leftovers() const {
  std::vector<fs::path> claims;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.path().extension() != kTemporarySuffix) claims.push_back(entry.path());
  }
  for (const fs::path& path : claims) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) continue;  // its owner has just left
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
      ::unlink((path.string() + std::string(kTemporarySuffix)).c_str());
      ::unlink(path.c_str());
    }
    ::close(fd);
  }
}

void WholeFileWriter::claim_name() {
  // Between its making and its locking another's clean-up may take a claim for a leftover.
  do {
    claim_path_ = folder_ / random_name();
    claim_ = File(claim_path_, O_RDWR | O_CREAT | O_EXCL);
  } while (!claim_.try_lock() || !is_still_named(claim_));
  temporary_ = claim_path_.string() + std::string(kTemporarySuffix);
}

void WholeFileWriter::write(const fs::path& target, std::string_view bytes,
                            const std::function<void()>& before_visible) {
  try {
    {
      const File file(temporary_, O_WRONLY | O_CREAT | O_TRUNC);
      write_all(file, bytes, temporary_);
    }
    if (before_visible) before_visible();
    rename_into_place(temporary_, target);
  } catch (...) {
    ::unlink(temporary_.c_str());  // on a full disk it is in the way
    throw;
  }
}

bool has_content(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
}

}  // namespace pullwire::republisher
