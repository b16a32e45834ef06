#include "republisher/publish/directory_journal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <libdeflate.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pullwire::republisher {
namespace {

constexpr int kFlags = O_RDWR | O_APPEND | O_CREAT;
constexpr std::size_t kChunkBytes = 1 << 20;
constexpr std::size_t kCrcDigits = 8;

std::string crc_text(std::string_view bytes) {
  const auto crc = libdeflate_crc32(0, bytes.data(), bytes.size());
  std::array<char, kCrcDigits + 1> text{};
  std::snprintf(text.data(), text.size(), "%08lx", crc & 0xFFFFFFFFUL);
  return text.data();
}

std::string_view take_word(std::string_view& rest) {
  const std::size_t space = rest.find(' ');
  const std::string_view word = rest.substr(0, space);
  rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
  return word;
}

std::optional<Journal::Line> parse(std::string_view text, std::uint64_t offset) {
  std::string_view rest = text;
  const std::string_view crc = take_word(rest);
  if (crc.size() != kCrcDigits || crc != crc_text(rest)) return std::nullopt;
  Journal::Line line{.format = take_word(rest),
                     .key = take_word(rest),
                     .details = rest,
                     .offset = offset,
                     .size = static_cast<std::uint32_t>(text.size())};
  if (line.format.empty() || line.key.empty()) return std::nullopt;
  return line;
}

/// Fills `buffer` from `offset` as far as the file goes; returns how far.
std::size_t read_at(int fd, std::string& buffer, std::uint64_t offset,
                    const std::filesystem::path& path) {
  std::size_t got = 0;
  while (got < buffer.size()) {
    const ssize_t count =
        ::pread(fd, buffer.data() + got, buffer.size() - got, static_cast<off_t>(offset + got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw std::system_error(errno, std::generic_category(), path.string());
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  return got;
}

}  // namespace

Journal::Journal(std::filesystem::path path) : path_{std::move(path)}, file_{path_, kFlags} {}

void Journal::append(std::string_view format, std::string_view key, std::string_view details) {
  std::string body;
  body.append(format).append(" ").append(key);
  if (!details.empty()) body.append(" ").append(details);
  const std::string line = "\n" + crc_text(body) + " " + body + "\n";
  ssize_t written = -1;
  do {
    written = ::write(file_.fd(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(line.size())) return;
  throw std::system_error(written < 0 ? errno : ENOSPC, std::generic_category(), path_.string());
}

bool Journal::read_new(const std::function<void(const Line&)>& take) {
  struct stat opened {};
  struct stat named {};
  if (::fstat(file_.fd(), &opened) != 0) {
    throw std::system_error(errno, std::generic_category(), path_.string());
  }
  const bool same = ::stat(path_.c_str(), &named) == 0 && named.st_ino == opened.st_ino &&
                    named.st_dev == opened.st_dev &&
                    static_cast<std::uint64_t>(opened.st_size) >= end_;
  if (!same) {
    file_ = File(path_, kFlags);
    end_ = 0;
    return false;
  }
  const auto unread = static_cast<std::uint64_t>(opened.st_size) - end_;
  std::string buffer(std::min<std::uint64_t>(kChunkBytes, unread), '\0');
  while (const std::size_t got = read_at(file_.fd(), buffer, end_, path_)) {
    std::string_view chunk{buffer.data(), got};
    const std::size_t last = chunk.rfind('\n');
    if (last == std::string_view::npos) {
      if (got < kChunkBytes) break;  // still being written
      end_ += got;                   // no line is this long
      continue;
    }
    chunk = chunk.substr(0, last + 1);
    for (std::size_t begin = 0; begin < chunk.size();) {
      const std::size_t size = chunk.find('\n', begin) - begin;
      if (const auto line = parse(chunk.substr(begin, size), end_ + begin)) take(*line);
      begin += size + 1;
    }
    end_ += chunk.size();
  }
  return true;
}

void Journal::read_line(std::uint64_t offset, std::uint32_t size,
                        const std::function<void(const Line&)>& take) const {
  std::string buffer(size, '\0');
  read_at(file_.fd(), buffer, offset, path_);
  const auto line = parse(buffer, offset);
  if (!line) throw std::runtime_error(path_.string() + ": a line has changed since it was read");
  take(*line);
}

}  // namespace pullwire::republisher
