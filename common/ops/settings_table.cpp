// Table of settings.hpp.
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/ops/settings.hpp"
#include "common/ops/text.hpp"

namespace pullwire {

namespace {

constexpr std::size_t kMostSecretBytes = 4096;

/// Throws Misconfigured unless nobody else can read the file.
void require_private(const struct stat& status, const std::string& where, const std::string& file) {
  if ((status.st_mode & 077U) == 0) return;
  throw Misconfigured(where, fmt::format("{} can be read by others: chmod 600 {}", file, file));
}

void require_secret(std::string_view secret, const std::string& where) {
  if (secret.empty()) throw Misconfigured(where, "it is empty");
  if (secret.size() > kMostSecretBytes) {
    throw Misconfigured(where, fmt::format("longer than {} bytes", kMostSecretBytes));
  }
  for (const char c : secret) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      throw Misconfigured(where, "holds a control character: a secret is one line");
    }
  }
}

std::string read_secret(const Located& name) {
  const std::string file = name.path().string();
  const auto fail = [&](int error) {
    throw Misconfigured(name.where, fmt::format("{}: {}", file, std::strerror(error)));
  };
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) fail(errno);
  struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
  } const closer{descriptor};
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) fail(errno);
  if (!S_ISREG(status.st_mode)) throw Misconfigured(name.where, file + " is no regular file");
  require_private(status, name.where, file);
  std::string secret(kMostSecretBytes + 2, '\0');
  const ssize_t size = ::read(descriptor, secret.data(), secret.size());
  if (size < 0) fail(errno);
  secret.resize(static_cast<std::size_t>(size));
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  return secret;
}

}  // namespace

Table::Table(RawValue entry, std::filesystem::path file)
    : entry_{std::move(entry)}, file_{std::move(file)} {}

const RawValue* Table::find(std::string_view key) {
  asked_.emplace(key);
  for (const RawEntry& entry : std::get<RawTable>(entry_.value)) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Located Table::text(std::string_view key) {
  const RawValue* raw = find(key);
  if (raw == nullptr) throw Misconfigured(where(), fmt::format("{} is missing", key));
  return as_text(*raw);
}

std::optional<Located> Table::optional_text(std::string_view key) {
  const RawValue* raw = find(key);
  if (raw == nullptr) return std::nullopt;
  return as_text(*raw);
}

std::vector<Located> Table::texts(std::string_view key) {
  const RawValue* raw = find(key);
  if (raw == nullptr) return {};
  return as_texts(*raw);
}

void Table::number(std::string_view key, std::uint64_t& value, Range<std::uint64_t> range) {
  if (const RawValue* raw = find(key)) value = as_number(*raw, range);
}

void Table::decimal(std::string_view key, double& value, Range<double> range) {
  if (const RawValue* raw = find(key)) value = as_decimal(*raw, range);
}

void Table::flag(std::string_view key, bool& value) {
  if (const RawValue* raw = find(key)) value = as_flag(*raw);
}

std::string Table::secret(std::string_view key) {
  const RawValue* raw = find(key);
  const auto file = optional_text(std::string{key} + "_file");
  if (raw != nullptr && file)
    throw Misconfigured(file->where, fmt::format("{} is there, too", key));
  if (file) {
    std::string secret = read_secret(*file);
    require_secret(secret, file->where);
    return secret;
  }
  if (raw == nullptr) return {};
  if (!std::holds_alternative<std::string>(raw->value)) {
    throw Misconfigured(raw->where, "must be a string");
  }
  const Located secret = as_text(*raw);
  require_secret(secret.text, raw->where);
  struct stat status {};
  if (!raw->untyped && ::stat(file_.c_str(), &status) == 0 && (status.st_mode & 077U) != 0) {
    throw Misconfigured(raw->where,
                        fmt::format("others can read it here: write ${{NAME}}, name a file of mode "
                                    "0600 in {}_file, or chmod 600 {}",
                                    key, file_.string()));
  }
  return secret.text;
}

void Table::refuse_others() const {
  for (const RawEntry& entry : std::get<RawTable>(entry_.value)) {
    if (asked_.contains(entry.key)) continue;
    const std::vector<std::string> known(asked_.begin(), asked_.end());
    throw Misconfigured(entry.value.where, "unknown key" + did_you_mean(entry.key, known));
  }
}

}  // namespace pullwire
