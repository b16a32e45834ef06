// Publishes documents to an application of the user's by Standard Webhooks 1.0.0
// (standardwebhooks.com): the id of a message is the same whenever it is sent, which tells the
// receiver what it has.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "republisher/platforms/publisher.hpp"

namespace pullwire::republisher {

struct WebhookOptions {
  std::string url;
  std::string target;                  ///< the target's name, part of each message's id
  std::string key;                     ///< of the signature, decoded; "": messages are not signed
  std::vector<std::string> secrets{};  ///< what is not to be repeated
};

std::unique_ptr<Publisher> make_webhook(WebhookOptions options);

/// The key of a secret as receivers give it, "whsec_" and base64 of 24 to 64 bytes. Throws
/// std::invalid_argument, without the secret, for anything else.
std::string webhook_key(const std::string& secret);

/// "msg_" and the publication_key().
std::string webhook_id(const Document& document, const std::string& target);

/// "v1," and the base64 of HMAC-SHA256 over "ID.TIMESTAMP.BODY".
std::string webhook_signature(const std::string& key, const std::string& id,
                              const std::string& timestamp, const std::string& body);

}  // namespace pullwire::republisher
