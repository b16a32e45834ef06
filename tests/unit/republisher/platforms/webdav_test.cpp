#include "republisher/platforms/webdav.hpp"

#include <string>
#include <variant>

#include "tests/catch.hpp"

using namespace pullwire;
using namespace pullwire::republisher;

namespace {

struct WebdavTest {
  static HttpAnswer answer(long status) {
    HttpAnswer answer;
    answer.status = status;
    return answer;
  }

  static Post a_post() {
    Post post;
    post.post_id = "x:Ä 1";
    return post;
  }

  const Post post = a_post();
  Document document{&post, find_format("html"), "<p>"};
  std::unique_ptr<Publisher> webdav =
      make_webdav({.folder = "https://d.example/dav/", .authorization = "Basic eA=="});
  std::unique_ptr<Conversation> upload = webdav->converse(document);
};

}  // namespace

TEST_CASE_METHOD(WebdavTest, "a document becomes a file with a name of its post's own",
                 "[webdav]") {
  CHECK(upload->begin().method == "MKCOL");
  const HttpRequest request = std::get<HttpRequest>(upload->answered(answer(405)));
  CHECK(request.method == "PUT");
  CHECK(request.url == "https://d.example/dav/x_3a_c3_84_201.html");
  CHECK(request.body == "<p>");
  CHECK(request.headers ==
        std::vector<std::string>{"Authorization: Basic eA==", "Content-Type: text/html"});
  for (const long status : {200, 201, 204}) {
    CHECK(std::get<Published>(upload->answered(answer(status))).location == request.url);
  }
}

TEST_CASE_METHOD(WebdavTest, "the folder is made once for all that works", "[webdav]") {
  CHECK(upload->begin().url == "https://d.example/dav/");
  CHECK(std::get<HttpRequest>(upload->answered(answer(201))).method == "PUT");
  const auto another = webdav->converse(document);
  CHECK(another->begin().method == "PUT");
  CHECK(another->begin().method == "MKCOL");  // its first attempt failed, for whatever reason
}

TEST_CASE_METHOD(WebdavTest, "a folder that cannot be made is told, and tried again", "[webdav]") {
  (void)upload->begin();
  CHECK(upload->judges(501));
  CHECK_FALSE(upload->judges(503));
  (void)upload->answered(answer(403));
  CHECK_FALSE(upload->judges(501));
  CHECK(std::get<TryAgain>(upload->answered(answer(409))).why ==
        "the folder is not there (MKCOL: HTTP 403)");
  CHECK(upload->begin().method == "MKCOL");
}

TEST_CASE_METHOD(WebdavTest, "what the operator or time can mend is tried again", "[webdav]") {
  (void)upload->begin();
  (void)upload->answered(answer(201));
  for (const long status : {307, 400, 401, 403, 405, 407, 412, 423}) {
    CHECK(std::holds_alternative<TryAgain>(upload->answered(answer(status))));
  }
  CHECK(std::holds_alternative<Refused>(upload->answered(answer(413))));
}
