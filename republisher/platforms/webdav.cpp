#include "republisher/platforms/webdav.hpp"

#include <utility>

#include "common/ops/url.hpp"
#include "republisher/publish/directory_names.hpp"

namespace pullwire::republisher {
namespace {

/// What is known of the folder in this process.
struct Folder {
  WebdavOptions options;
  bool looked_after = false;  ///< somebody has tried to make it
  std::string trouble{};      ///< what the server said to that, if it refused
};

class Upload final : public Conversation {
 public:
  Upload(Folder& folder, const Document& document)
      : folder_{folder},
        document_{document},
        url_{folder.options.folder + '/' +
             percent_encoded(post_key(document.post->post_id) + '.' +
                             std::string{document.format->extension})} {}

  HttpRequest begin() override {
    // Beforehand: of a folder that is not there some servers say that they are broken (nginx: 500).
    making_folder_ = !folder_.looked_after;
    return making_folder_ ? request("MKCOL", folder_.options.folder + '/') : put();
  }

  Step answered(const HttpAnswer& answer) override {
    const long status = answer.status;
    if (making_folder_) {
      making_folder_ = false;
      folder_.looked_after = true;
      // 405: it is there. Whatever else it is: whether a file can be put there is what counts.
      folder_.trouble = status < 300 || status == 405 ? "" : refusal(answer);
      return put();
    }
    if ((status >= 200 && status < 300) || status == 412) return Published{url_};
    if (status == 404 || status == 409) {
      folder_.looked_after = false;
      return TryAgain{"the folder is not there" +
                      (folder_.trouble.empty() ? "" : " and cannot be made: " + folder_.trouble)};
    }
    if (status == 401 || status == 403 || status == 507) return TryAgain{refusal(answer)};
    return Refused{refusal(answer)};
  }

 private:
  [[nodiscard]] HttpRequest put() const {
    // What is there already is this document: its name is its post's alone.
    HttpRequest put = request("PUT", url_);
    put.headers.push_back("Content-Type: " + std::string{document_.format->media_type});
    put.headers.emplace_back("If-None-Match: *");
    put.body = document_.bytes;
    return put;
  }

  [[nodiscard]] HttpRequest request(std::string method, std::string url) const {
    HttpRequest request{.method = std::move(method), .url = std::move(url)};
    if (!folder_.options.authorization.empty()) {
      request.headers.push_back("Authorization: " + folder_.options.authorization);
    }
    return request;
  }

  Folder& folder_;
  const Document& document_;
  const std::string url_;
  bool making_folder_ = false;
};

class Webdav final : public Publisher {
 public:
  explicit Webdav(WebdavOptions options) : folder_{.options = std::move(options)} {
    while (folder_.options.folder.ends_with('/')) folder_.options.folder.pop_back();
  }
  std::unique_ptr<Conversation> converse(const Document& document) override {
    return std::make_unique<Upload>(folder_, document);
  }

 private:
  Folder folder_;
};

}  // namespace

std::unique_ptr<Publisher> make_webdav(WebdavOptions options) {
  return std::make_unique<Webdav>(std::move(options));
}

}  // namespace pullwire::republisher
