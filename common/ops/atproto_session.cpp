#include "common/ops/atproto_session.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>
#include <sodium.h>

namespace pullwire {
namespace {

using nlohmann::json;

constexpr std::size_t kMostToken = std::size_t{16} * 1024;
constexpr std::size_t kMostDid = 2048;  // of the specification
constexpr std::size_t kPast = 8;        // tokens of the last four sessions
constexpr double kMicros = 1e6;
constexpr double kLongestLife = 366.0 * 24 * 3600;  // seconds
// Of its life a token is not used any more for a tenth, at most a minute: requests take time.
constexpr std::int64_t kReserve = 10;
constexpr std::int64_t kMostReserve = std::int64_t{60} * 1'000'000;

/// The object that `text` is; an empty one for anything else.
json object_in(std::string_view text) {
  json object = json::parse(text, nullptr, false);
  return object.is_object() ? object : json::object();
}

/// A short word that can stand in a header; "" for anything else.
std::string word_at(const json& object, const char* name, std::size_t most) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return {};
  auto word = found->get<std::string>();
  const bool plain = word.size() <= most && std::all_of(word.begin(), word.end(),
                                                        [](char c) { return c > ' ' && c <= '~'; });
  return plain ? word : std::string{};
}

std::optional<double> number_at(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

}  // namespace

AtprotoSession::AtprotoSession(Account account, Clock clock)
    : account_{std::move(account)}, clock_{std::move(clock)} {}

bool AtprotoSession::lives() const {
  return !access_.empty() && (!ends_ || clock_() < *ends_);
}

std::string AtprotoSession::authorization() const {
  return access_.empty() ? std::string{} : "Authorization: Bearer " + access_;
}

HttpRequest AtprotoSession::request() const {
  HttpRequest request{.method = "POST", .url = account_.service};
  if (renews()) {
    request.url += "/xrpc/com.atproto.server.refreshSession";
    request.headers = {"Authorization: Bearer " + refresh_};
    return request;
  }
  request.url += "/xrpc/com.atproto.server.createSession";
  request.headers = {"Content-Type: application/json"};
  request.body = json{{"identifier", account_.username}, {"password", account_.password}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
  return request;
}

bool AtprotoSession::take(const HttpAnswer& answer) {
  if (answer.status != 200) {
    const bool later = answer.status == 408 || answer.status == 425 || answer.status == 429;
    if (answer.status >= 400 && answer.status < 500 && !later) give_up(refresh_);
    return false;
  }
  const json body = object_in(answer.body);
  std::string access = word_at(body, "accessJwt", kMostToken);
  if (access.empty()) return false;
  give_up(access_);
  give_up(refresh_);
  access_ = std::move(access);
  refresh_ = word_at(body, "refreshJwt", kMostToken);
  did_ = word_at(body, "did", kMostDid);
  served_ = false;
  const Timestamp now = clock_();
  const auto life = token_life(access_, now);
  ends_.reset();
  if (life) ends_ = Timestamp{now.micros + *life - std::min(*life / kReserve, kMostReserve)};
  return true;
}

void AtprotoSession::give_up(std::string& token) {
  if (token.empty()) return;
  past_.push_back(std::exchange(token, {}));
  if (past_.size() > kPast) past_.pop_front();
}

bool AtprotoSession::is_over(const HttpAnswer& answer) {
  if (answer.status == 401) return true;
  if (answer.status != 400) return false;
  const std::string error = atproto_error(answer);
  return error == "ExpiredToken" || error == "InvalidToken";
}

void AtprotoSession::served(const std::string& token) {
  if (token == access_) served_ = true;
}

bool AtprotoSession::refused(const std::string& token) {
  if (token != access_) return true;  // there is another one already
  give_up(access_);
  return served_;
}

std::vector<std::string> AtprotoSession::secrets() const {
  std::vector<std::string> all{account_.password, access_, refresh_};
  all.insert(all.end(), past_.begin(), past_.end());
  return all;
}

std::string atproto_error(const HttpAnswer& answer) {
  constexpr std::size_t kMostWord = 100;
  return word_at(object_in(answer.body), "error", kMostWord);
}

std::optional<std::int64_t> token_life(const std::string& token, Timestamp now) {
  const std::size_t begin = token.find('.') + 1;
  const std::size_t end = token.find('.', begin);
  if (begin == 0 || end == std::string::npos || token.size() > kMostToken) return std::nullopt;
  std::string claims(end - begin, '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(claims.data()), claims.size(),
                        token.data() + begin, end - begin, nullptr, &size, nullptr,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) {
    return std::nullopt;
  }
  claims.resize(size);
  const json object = object_in(claims);
  const auto until = number_at(object, "exp");
  if (!until) return std::nullopt;
  const auto from = number_at(object, "iat");
  const double life = *until - (from ? *from : static_cast<double>(now.micros) / kMicros);
  if (!(life > 0 && life <= kLongestLife)) return std::nullopt;
  return static_cast<std::int64_t>(life * kMicros);
}

}  // namespace pullwire
