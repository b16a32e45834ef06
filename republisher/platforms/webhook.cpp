#include "republisher/platforms/webhook.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>
#include <sodium.h>

#include "republisher/platforms/publication_key.hpp"

namespace pullwire::republisher {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kLeastKey = 24;
constexpr std::size_t kMostKey = 64;
constexpr int kBase64 = sodium_base64_VARIANT_ORIGINAL;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// What the receiver gets: the post's fields, and the document.
std::string message_of(const Document& document) {
  const Post& post = *document.post;
  nlohmann::ordered_json data{{"post_id", post.post_id},
                              {"source", post.source},
                              {"author", post.author},
                              {"author_name", post.author_name},
                              {"lang", post.lang},
                              {"url", post.url},
                              {"hashtags", post.hashtags},
                              {"format", document.format->name},
                              {"media_type", document.format->media_type}};
  if (post.created_at) data["created_at"] = to_text(*post.created_at);
  if (document.format->name == "pdf") {
    std::string encoded(sodium_base64_encoded_len(document.bytes.size(), kBase64), '\0');
    sodium_bin2base64(encoded.data(), encoded.size(), bytes_of(document.bytes),
                      document.bytes.size(), kBase64);
    encoded.pop_back();  // the terminating zero
    data["content_base64"] = std::move(encoded);
  } else {
    data["content"] = document.bytes;
  }
  const nlohmann::ordered_json message{
      {"type", "post.published"},
      {"timestamp", to_text(post.created_at.value_or(post.ingested_at))},
      {"data", std::move(data)}};
  return message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

class Message final : public Conversation {
 public:
  Message(const WebhookOptions& options, const Document& document)
      : options_{options}, document_{document}, id_{webhook_id(document, options.target)} {}

  HttpRequest begin() override {
    const std::string timestamp = std::to_string(wall_clock().micros / 1'000'000);
    std::string body = message_of(document_);
    HttpRequest request{.method = "POST", .url = options_.url};
    request.headers = {"Content-Type: application/json", "webhook-id: " + id_,
                       "webhook-timestamp: " + timestamp};
    if (!options_.key.empty()) {
      request.headers.push_back("webhook-signature: " +
                                webhook_signature(options_.key, id_, timestamp, body));
    }
    request.body = std::move(body);
    return request;
  }

  Step answered(const HttpAnswer& answer) override {
    if (answer.status >= 200 && answer.status < 300) return Published{"webhook:" + id_};
    if (answer.status == 410)
      return Refused{"the receiver wants no more messages (HTTP 410)", true};
    if (answer.status == 413 || answer.status == 422) return Refused{refusal(answer)};
    return TryAgain{refusal(answer)};  // as the specification has it
  }

 private:
  const WebhookOptions& options_;
  const Document& document_;
  const std::string id_;
};

class Webhook final : public Publisher {
 public:
  explicit Webhook(WebhookOptions options) : options_{std::move(options)} {}
  std::unique_ptr<Conversation> converse(const Document& document) override {
    return std::make_unique<Message>(options_, document);
  }
  [[nodiscard]] std::vector<std::string> secrets() const override { return options_.secrets; }

 private:
  const WebhookOptions options_;
};

}  // namespace

std::unique_ptr<Publisher> make_webhook(WebhookOptions options) {
  return std::make_unique<Webhook>(std::move(options));
}

std::string webhook_key(const std::string& secret) {
  if (!secret.starts_with(kPrefix)) {
    throw std::invalid_argument{"a webhook's secret begins with whsec_"};
  }
  std::string key(kMostKey + 1, '\0');
  std::size_t size = 0;
  const std::size_t begin = kPrefix.size();
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(key.data()), key.size(),
                        secret.data() + begin, secret.size() - begin, nullptr, &size, nullptr,
                        kBase64) != 0 ||
      size < kLeastKey || size > kMostKey) {
    throw std::invalid_argument{"behind whsec_ stand 24 to 64 bytes in base64"};
  }
  key.resize(size);
  return key;
}

std::string webhook_id(const Document& document, const std::string& target) {
  return "msg_" + publication_key(document, target);
}

std::string webhook_signature(const std::string& key, const std::string& id,
                              const std::string& timestamp, const std::string& body) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes_of(key), key.size());
  for (const std::string& part : {id, std::string{"."}, timestamp, std::string{"."}, body}) {
    crypto_auth_hmacsha256_update(&state, bytes_of(part), part.size());
  }
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> digest{};
  crypto_auth_hmacsha256_final(&state, digest.data());
  std::array<char, sodium_base64_ENCODED_LEN(crypto_auth_hmacsha256_BYTES, kBase64)> text{};
  sodium_bin2base64(text.data(), text.size(), digest.data(), digest.size(), kBase64);
  return std::string{"v1,"} + text.data();
}

}  // namespace pullwire::republisher
