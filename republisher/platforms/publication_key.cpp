#include "republisher/platforms/publication_key.hpp"

#include <array>

#include <sodium.h>

namespace pullwire::republisher {

std::string stable_digest(std::initializer_list<std::string_view> parts) {
  // Length first: no two lists are written the same way.
  std::string text;
  for (const std::string_view part : parts) {
    text.append(std::to_string(part.size())).append(1, ':').append(part);
  }
  std::array<unsigned char, 16> digest{};
  crypto_generichash(digest.data(), digest.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  std::array<char, 2 * digest.size() + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  return hex.data();
}

std::string publication_key(const Document& document, std::string_view target) {
  return stable_digest({document.post->post_id, target, document.format->name});
}

}  // namespace pullwire::republisher
