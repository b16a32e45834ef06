#include "republisher/publish/directory_names.hpp"

#include <sodium.h>

namespace pullwire::republisher {
namespace {

constexpr std::size_t kMaxKeyBytes = kMaxNameBytes - 8;  // ".": 1, extension: 7
constexpr std::size_t kDigestHex = 32;
constexpr std::string_view kHex = "0123456789abcdef";

void append_hex(std::string& out, std::uint8_t byte) {
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

KeyDigest digest(std::string_view bytes) {
  KeyDigest out{};
  crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size(), nullptr, 0);
  return out;
}

bool is_kept(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

}  // namespace

std::string post_key(std::string_view post_id) {
  std::string key;
  for (const char c : post_id) {
    if (is_kept(c)) {
      key += c;
    } else {
      append_hex(key += '_', static_cast<std::uint8_t>(c));
    }
  }
  if (key.empty()) return "_";
  if (key.size() > kMaxKeyBytes) {
    key.resize(kMaxKeyBytes - kDigestHex - 1);
    key += '~';
    for (const std::uint8_t byte : digest(post_id)) append_hex(key, byte);
  }
  return key;
}

KeyDigest key_digest(std::string_view key) {
  return digest(key);
}

std::string document_path(std::string_view key, std::string_view extension) {
  std::string path = "posts/";
  append_hex(path, digest(key)[0]);
  path.append("/").append(key).append(".").append(extension);
  return path;
}

std::string uuid_urn(KeyDigest bytes) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x80);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
  std::string urn = "urn:uuid:";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) urn += '-';
    append_hex(urn, bytes[i]);
  }
  return urn;
}

}  // namespace pullwire::republisher
