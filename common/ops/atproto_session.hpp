// A session with a server of the AT Protocol (Bluesky's): made with the account's password once,
// then renewed by what came with it, since servers allow few of the first kind (30 in 5 minutes,
// 300 a day).
//
// No I/O: its owner makes the requests. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/model/time.hpp"
#include "common/ops/http_client.hpp"

namespace pullwire {

class AtprotoSession {
 public:
  struct Account {
    std::string service;   ///< "https://HOST", where it lives
    std::string username;  ///< handle or e-mail
    std::string password;  ///< better an app password
  };
  using Clock = std::function<Timestamp()>;

  explicit AtprotoSession(Account account, Clock clock = wall_clock);

  /// Whether there is one that lives on for a while, as far as its token says.
  [[nodiscard]] bool lives() const;
  /// Token and name (DID) of the account; "" without a session.
  [[nodiscard]] const std::string& token() const { return access_; }
  [[nodiscard]] const std::string& did() const { return did_; }
  /// The header of requests within it; "" without a session.
  [[nodiscard]] std::string authorization() const;

  /// What brings one: refreshSession, or createSession where there is nothing to renew.
  [[nodiscard]] HttpRequest request() const;
  /// Whether `request` would not need the password.
  [[nodiscard]] bool renews() const { return !refresh_.empty(); }
  /// The answer to `request`. Whether there is a session now; if not, and the server refused to
  /// renew it, the next request makes one.
  bool take(const HttpAnswer& answer);

  /// Whether an answer says that the token is not valid, or not any more.
  static bool is_over(const HttpAnswer& answer);
  /// The server took `token`.
  void served(const std::string& token);
  /// The server refused `token` (`is_over`). False if it never took it: then to ask again at once
  /// would bring the same.
  bool refused(const std::string& token);

  /// What is not to be repeated: password and tokens, those before the last renewals, too.
  [[nodiscard]] std::vector<std::string> secrets() const;

 private:
  void give_up(std::string& token);

  Account account_;
  Clock clock_;
  std::string access_;
  std::string refresh_;  // serves once
  std::string did_;
  std::deque<std::string> past_;   // tokens of before, which a late answer may still have
  std::optional<Timestamp> ends_;  // of access_; nothing: not known
  bool served_ = false;
};

/// The word that an error has for programs ("ExpiredToken"); "" if it has none.
std::string atproto_error(const HttpAnswer& answer);

/// How long a token (RFC 7519) lives from `now`, or rather from the moment that it says itself,
/// since clocks differ; in microseconds. Its signature is not looked at, which only the server
/// can check. Nothing if it does not say so, is longer than 16 KiB, or would have ended.
std::optional<std::int64_t> token_life(const std::string& token, Timestamp now);

}  // namespace pullwire
