#include "republisher/platforms/webdav.hpp"

#include <utility>

#include "common/ops/url.hpp"
#include "republisher/publish/directory_names.hpp"

namespace pullwire::republisher {
namespace {

/// What is known of the folder in this process.
struct Folder {
  WebdavOptions options;
  bool there = false;
};

std::string url_of(const WebdavOptions& options, const Document& document) {
  return options.folder + '/' +
         percent_encoded(post_key(document.post->post_id) + '.' +
                         std::string{document.format->extension});
}

class Upload final : public Conversation {
 public:
  Upload(Folder& folder, const Document& document)
      : folder_{folder}, document_{document}, url_{url_of(folder.options, document)} {}

  HttpRequest begin() override {
    // Of a folder that is not there some servers say that they are broken (nginx: 500). It may
    // have gone, too: an attempt that failed looks again.
    making_folder_ = !folder_.there || tried_;
    tried_ = true;
    return making_folder_ ? request("MKCOL", folder_.options.folder + '/') : put();
  }

  /// Servers say 501 to a MKCOL that they do not know.
  [[nodiscard]] bool judges(long status) const override { return making_folder_ && status != 503; }

  Step answered(const HttpAnswer& answer) override {
    const long status = answer.status;
    if (making_folder_) {
      making_folder_ = false;
      // 405: it is there. Whatever else it is: whether a file can be put there is what counts.
      folder_.there = (status >= 200 && status < 300) || status == 405;
      trouble_ = folder_.there ? "" : " (MKCOL: " + refusal(answer) + ")";
      return put();
    }
    if (status >= 200 && status < 300) return Published{url_};
    if (status == 404 || status == 409) {
      folder_.there = false;
      return TryAgain{"the folder is not there" + trouble_};
    }
    // It says no to the document. All else time, or the operator, can mend: of every file a
    // server without WebDAV says 405.
    if (status == 413 || status == 414 || status == 415 || status == 422) {
      return Refused{refusal(answer)};
    }
    return TryAgain{refusal(answer)};
  }

 private:
  [[nodiscard]] HttpRequest put() const {
    HttpRequest put = request("PUT", url_);
    put.headers.push_back("Content-Type: " + std::string{document_.format->media_type});
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
  std::string trouble_;  // what the server said when the folder was to be made
  bool making_folder_ = false;
  bool tried_ = false;
};

class Webdav final : public Publisher {
 public:
  explicit Webdav(WebdavOptions options) : folder_{.options = std::move(options)} {
    while (folder_.options.folder.ends_with('/')) folder_.options.folder.pop_back();
  }
  [[nodiscard]] Shown show(const Document& document) const override {
    return {.address = url_of(folder_.options, document)};
  }
  std::unique_ptr<Conversation> converse(const Document& document) override {
    return std::make_unique<Upload>(folder_, document);
  }
  [[nodiscard]] std::vector<std::string> secrets() const override {
    return folder_.options.secrets;
  }

 private:
  Folder folder_;
};

}  // namespace

std::unique_ptr<Publisher> make_webdav(WebdavOptions options) {
  return std::make_unique<Webdav>(std::move(options));
}

}  // namespace pullwire::republisher
