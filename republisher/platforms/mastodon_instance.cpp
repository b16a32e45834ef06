#include "republisher/platforms/mastodon_instance.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace pullwire::republisher {
namespace {

using nlohmann::json;

constexpr std::size_t kLeastCharacters = 50;
constexpr std::size_t kMostCharacters = 100'000;
constexpr std::size_t kMostPerUrl = 2048;
constexpr std::size_t kMostId = 64;

class Introduction final : public Conversation {
 public:
  explicit Introduction(MastodonInstance& instance) : instance_{instance} {}

  HttpRequest begin() override {
    asked_ = Asked::Version2;
    return instance_.request("GET", "/api/v2/instance");
  }

  Step answered(const HttpAnswer& answer) override {
    if (asked_ == Asked::Account) return take_account(answer);
    if (answer.status == 404 && asked_ == Asked::Version2) {
      asked_ = Asked::Version1;
      return instance_.request("GET", "/api/v1/instance");
    }
    const json body = parse_answer(answer.body);
    if (answer.status == 200 && body.is_object()) {
      take_limits(body);
    } else if (answer.status == 404) {
      instance_.limits = kMastodonLimits;
    } else {
      return TryAgain{words_of(answer)};
    }
    asked_ = Asked::Account;
    return instance_.request("GET", "/api/v1/accounts/verify_credentials");
  }

 private:
  enum class Asked { Version2, Version1, Account };

  static std::size_t number(const json& body, const char* pointer, std::size_t otherwise,
                            std::size_t least, std::size_t most) {
    const json::json_pointer place{pointer};
    if (!body.contains(place) || !body[place].is_number_unsigned()) return otherwise;
    return static_cast<std::size_t>(
        std::clamp<std::uint64_t>(body[place].get<std::uint64_t>(), least, most));
  }

  void take_limits(const json& body) {
    // Servers of other make than Mastodon know the last one only.
    const std::size_t characters = number(body, "/max_toot_chars", kMastodonLimits.graphemes,
                                          kLeastCharacters, kMostCharacters);
    instance_.limits = {.graphemes = number(body, "/configuration/statuses/max_characters",
                                            characters, kLeastCharacters, kMostCharacters),
                        .bytes = 0,
                        .link = number(body, "/configuration/statuses/characters_reserved_per_url",
                                       kMastodonLimits.link, 0, kMostPerUrl)};
  }

  Step take_account(const HttpAnswer& answer) {
    const json body = parse_answer(answer.body);
    if (answer.status != 200 || !body.is_object()) return TryAgain{words_of(answer)};
    const std::string id = body.contains("id") && body["id"].is_string() ? body["id"] : "";
    const auto fine = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             c == '-' || c == '_';
    };
    if (id.empty() || id.size() > kMostId || !std::all_of(id.begin(), id.end(), fine)) {
      return TryAgain{"the server does not say which account this is"};
    }
    if (instance_.account != id) instance_.statuses = {};
    instance_.account = id;
    instance_.introduced = true;
    return Published{};
  }

  MastodonInstance& instance_;
  Asked asked_ = Asked::Version2;
};

}  // namespace

std::unique_ptr<Conversation> make_introduction(MastodonInstance& instance) {
  return std::make_unique<Introduction>(instance);
}

json parse_answer(const std::string& body) {
  // Without a callback: with one each object costs a walk through those before it.
  return json::parse(body, nullptr, false);
}

std::string words_of(const HttpAnswer& answer) {
  const json body = parse_answer(answer.body);
  HttpAnswer said;
  said.status = answer.status;
  said.body = body.is_object() && body.contains("error") && body["error"].is_string()
                  ? body["error"].get<std::string>()
                  : answer.body;
  return refusal(said);
}

}  // namespace pullwire::republisher
