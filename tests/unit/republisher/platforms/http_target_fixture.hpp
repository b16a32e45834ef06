// A target over HTTP, a small publisher, and a server that answers as it is told.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "republisher/platforms/http_target.hpp"
#include "tests/catch.hpp"
#include "tests/unit/canned_server.hpp"

namespace pullwire::republisher::tests {

using namespace std::chrono_literals;
using pullwire::tests::CannedServer;

/// Asks for /POST; 200 publishes, 202 asks for /POST/again, 206 and 409 say later, 410 ends all,
/// 498 says that the introduction does not count any more; all else never. With `introduces` the
/// introduction asks for /hello, and lasts until a 498. `method`: of all but that and /POST/again,
/// which has `method_again`.
class Simple final : public Publisher {
 public:
  struct Options {
    bool introduces = false;
    bool looks_up = false;
    std::string method = "GET";
    std::string method_again = "GET";
  };
  Simple(std::string base, Options options)
      : base_{std::move(base)}, options_{std::move(options)} {}

  bool looks_up() const override { return options_.looks_up; }
  std::unique_ptr<Conversation> introduce() override {
    struct Hello final : Conversation {
      explicit Hello(Simple& owner) : simple{owner} {}
      HttpRequest begin() override { return {.url = simple.base_ + "/hello"}; }
      Step answered(const HttpAnswer& answer) override {
        if (answer.status != 200) return Refused{"no hello"};
        simple.introduced_ = true;
        return Published{};
      }
      Simple& simple;
    };
    if (!options_.introduces || introduced_) return nullptr;
    return std::make_unique<Hello>(*this);
  }

  std::vector<std::string> secrets() const override { return {"hunter2"}; }
  std::unique_ptr<Conversation> converse(const Document& document) override {
    struct One final : Conversation {
      One(Simple& owner, std::string to) : simple{owner}, url{std::move(to)} {}
      HttpRequest begin() override { return {.method = simple.options_.method, .url = url}; }
      Step answered(const HttpAnswer& answer) override {
        if (answer.status == 200) return Published{answer.body};
        if (answer.status == 202) {
          return HttpRequest{.method = simple.options_.method_again, .url = url + "/again"};
        }
        if (answer.status == 206) return TryAgain{refusal(answer)};
        if (answer.status == 409) return TryAgain{"conflict"};
        if (answer.status == 410) return Refused{"gone", true};
        if (answer.status == 498) {
          simple.introduced_ = false;
          return Anew{"expired"};
        }
        return Refused{refusal(answer)};
      }
      Simple& simple;
      std::string url;
    };
    return std::make_unique<One>(*this, base_ + "/" + std::string{document.post->post_id});
  }

 private:
  std::string base_;
  Options options_;
  bool introduced_ = false;
};

struct HttpTargetTest {
  void make(HttpTargetConfig config = {}, Simple::Options options = {}) {
    config.first_back_off = 10ms;
    target = std::make_unique<HttpTarget>(
        std::make_unique<Simple>(server.url(""), std::move(options)), config, loop, http);
  }

  /// Begins the publication of a post of this id.
  void publish(const std::string& id, bool redelivered = false,
               std::chrono::milliseconds left_alone = 0ms) {
    ids.push_back(id);
    Post& post = posts.emplace_back();
    post.post_id = ids.back();
    Document& document = documents.emplace_back();
    document.post = &post;
    document.redelivered = redelivered;
    document.left_alone = left_alone;
    target->publish(document, [this, id](Outcome outcome) {
      REQUIRE(outcomes.emplace(id, std::move(outcome)).second);
      if (outcomes.size() == documents.size()) loop.stop();
    });
  }
  void run() {
    if (outcomes.size() < documents.size()) loop.run();
  }
  /// The requests' paths, in order.
  std::string asked() const {
    std::string all;
    for (const std::string& path : paths) all += (all.empty() ? "" : " ") + path;
    return all;
  }

  std::map<std::string, std::deque<std::string>> answers;  // by path; the last one stays
  std::vector<std::string> paths;
  std::deque<std::string> ids;
  std::deque<Post> posts;
  std::deque<Document> documents;
  std::map<std::string, Outcome> outcomes;
  net::Loop loop;
  CannedServer server{loop, [this](const std::string& request) {
                        const std::string path =
                            request.substr(0, request.find(" HTTP")).substr(request.find(' ') + 1);
                        paths.push_back(path);
                        auto& ones = answers[path];
                        if (ones.empty()) return CannedServer::answer("200 OK", "", "at " + path);
                        const std::string one = ones.front();
                        if (ones.size() > 1) ones.pop_front();
                        return one;
                      }};
  HttpClient http{loop};
  std::unique_ptr<Target> target;
};

}  // namespace pullwire::republisher::tests
