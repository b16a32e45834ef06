// Tokens as servers of the AT Protocol give them, with a signature of nobody's.
#pragma once

#include <string>
#include <string_view>

#include <sodium.h>

namespace pullwire::tests {

inline std::string base64url(std::string_view bytes) {
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), kVariant);
  text.pop_back();  // the terminating zero
  return text;
}

/// A token with these claims.
inline std::string token_of(std::string_view claims) {
  return base64url(R"({"typ":"at+jwt","alg":"HS256"})") + "." + base64url(claims) + ".c2ln";
}

}  // namespace pullwire::tests
