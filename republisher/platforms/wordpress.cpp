#include "republisher/platforms/wordpress.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/ops/url.hpp"
#include "republisher/platforms/wordpress_answer.hpp"
#include "republisher/platforms/wordpress_entry.hpp"
#include "republisher/render/plain.hpp"
#include "republisher/render/title.hpp"

namespace pullwire::republisher {
namespace {

using nlohmann::json;

constexpr std::size_t kMostTagsKnown = 10'000;
constexpr std::size_t kFileTitleBytes = 200;  // it travels in a URL

/// What is known of the site in this process.
struct Site {
  WordpressOptions options;
  std::unordered_map<std::string, std::uint64_t> tags{};  // name -> id

  void learn(const std::string& tag, std::uint64_t id) {
    if (tags.size() >= kMostTagsKnown) tags.clear();
    tags.insert_or_assign(tag, id);
  }
};

/// A post or a file, whichever the document is, and then the two brought together.
class Entry final : public Conversation {
 public:
  Entry(Site& site, const Document& document)
      : site_{site},
        document_{document},
        is_file_{document.format->name == "pdf"},
        post_slug_{wordpress_slug(*document.post, site.options.target)},
        file_slug_{post_slug_ + "-pdf"} {}

  HttpRequest begin() override {
    if (second_) return look(Doing::LookingForFirst, is_file_);
    if (tried_ || document_.redelivered || document_.replayed) {
      return look(Doing::LookingUp, is_file_);
    }
    return make();
  }

  Step answered(const HttpAnswer& answer) override;

 private:
  enum class Doing {
    LookingUp,
    MakingTag,
    Making,
    LookingForFirst,
    RemovingSecond,
    LookingForOther,
    Linking,
    Attaching
  };

  HttpRequest make();
  HttpRequest make_post();
  HttpRequest make_file();
  HttpRequest look(Doing doing, bool for_file);
  Step made_tag(const HttpAnswer& answer);
  Step made(const HttpAnswer& answer);
  Step found_first(std::optional<WordpressItem> first);
  Step is_there(WordpressItem own);
  Step join(WordpressItem other);
  Step attach();
  [[nodiscard]] bool has_both() const { return site_.options.has_posts && site_.options.has_files; }
  /// Its content only to put the file's link behind it: it may be long.
  [[nodiscard]] std::string post_fields() const {
    return has_both() ? "id,link,content.raw" : "id,link";
  }
  [[nodiscard]] Step published() const { return Published{own_.address}; }
  [[nodiscard]] HttpRequest request(std::string method, const std::string& path) const;
  [[nodiscard]] HttpRequest post_json(const std::string& path, const json& body) const;
  [[nodiscard]] WordpressItem& post() { return is_file_ ? other_ : own_; }
  [[nodiscard]] WordpressItem& file() { return is_file_ ? own_ : other_; }

  Site& site_;
  const Document& document_;
  const bool is_file_;
  const std::string post_slug_;
  const std::string file_slug_;
  Doing doing_ = Doing::LookingUp;
  bool tried_ = false;
  std::vector<std::string> tags_;  // that are not known yet, the next one last
  std::vector<std::uint64_t> tag_ids_;
  WordpressItem own_;
  WordpressItem other_;
  std::optional<WordpressItem> second_;  // was made with another slug: if there is a first, it goes
};

// -- requests ---------------------------------------------------------------------------------

HttpRequest Entry::request(std::string method, const std::string& path) const {
  HttpRequest request{.method = std::move(method),
                      .url = site_.options.site + "/wp-json/wp/v2/" + path};
  request.headers.push_back("Authorization: " + site_.options.authorization);
  return request;
}

HttpRequest Entry::post_json(const std::string& path, const json& body) const {
  HttpRequest post = request("POST", path);
  post.headers.emplace_back("Content-Type: application/json");
  post.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return post;
}

/// What an editor has put into the trash, where WordPress marks its slug, is found as well.
HttpRequest Entry::look(Doing doing, bool for_file) {
  doing_ = doing;
  if (for_file) {
    return request("GET", "media?context=edit&_fields=id,source_url,post&slug=" + file_slug_);
  }
  return request("GET", "posts?context=edit&status=any,trash&_fields=" + post_fields() +
                            "&slug=" + post_slug_ + ',' + post_slug_ + "__trashed");
}

HttpRequest Entry::make() {
  tried_ = true;
  if (is_file_) return make_file();
  tags_.clear();
  tag_ids_.clear();
  for (std::string& tag : wordpress_tags(*document_.post)) {
    if (const auto known = site_.tags.find(tag); known != site_.tags.end()) {
      tag_ids_.push_back(known->second);
    } else {
      tags_.insert(tags_.begin(), std::move(tag));
    }
  }
  return make_post();
}

/// The post, once its tags are there.
HttpRequest Entry::make_post() {
  if (!tags_.empty()) {
    doing_ = Doing::MakingTag;
    return post_json("tags?_fields=id", {{"name", tags_.back()}});
  }
  doing_ = Doing::Making;
  const Post& post = *document_.post;
  json body{{"title", wordpress_title(post)},
            {"content", wordpress_content(post)},
            {"slug", post_slug_},
            {"status", site_.options.status},
            {"tags", tag_ids_}};
  // One of the future would not be published before.
  if (post.created_at && post.created_at->micros > 0 && *post.created_at <= wall_clock()) {
    body["date_gmt"] = to_text(*post.created_at).substr(0, 19);
  }
  HttpRequest request = post_json("posts?_fields=slug," + post_fields(), body);
  request.once = true;
  return request;
}

HttpRequest Entry::make_file() {
  doing_ = Doing::Making;
  const std::string title = post_title(*document_.post);
  HttpRequest upload =
      request("POST", "media?_fields=id,source_url,post,slug&slug=" + file_slug_ +
                          "&title=" + percent_encoded(cut(title, kFileTitleBytes)));
  upload.headers.emplace_back("Content-Type: application/pdf");
  upload.headers.push_back("Content-Disposition: attachment; filename=\"" + file_slug_ + ".pdf\"");
  upload.body = document_.bytes;
  upload.once = true;
  return upload;
}

// -- answers ----------------------------------------------------------------------------------

Step Entry::answered(const HttpAnswer& answer) {
  if (doing_ == Doing::MakingTag) return made_tag(answer);
  // That it is gone is what was wanted; that it cannot be removed does not undo the first.
  if (doing_ == Doing::RemovingSecond) {
    second_.reset();
    return is_there(std::move(own_));
  }
  if (answer.status < 200 || answer.status >= 300) {
    return wordpress_trouble(answer, doing_ == Doing::Making);
  }
  switch (doing_) {
    case Doing::LookingUp:
    case Doing::LookingForFirst:
    case Doing::LookingForOther: break;
    case Doing::Linking: return attach();
    case Doing::Attaching: return published();
    default: return made(answer);
  }
  WordpressList found = wordpress_list(answer);
  if (!found.readable) return TryAgain{wordpress_nonsense(answer)};
  if (doing_ == Doing::LookingForFirst) return found_first(std::move(found.first));
  if (doing_ == Doing::LookingUp) return found.first ? is_there(std::move(*found.first)) : make();
  return found.first ? join(std::move(*found.first)) : published();
}

Step Entry::made_tag(const HttpAnswer& answer) {
  if (const std::uint64_t id = wordpress_tag(answer); id != 0) {
    site_.learn(tags_.back(), id);
    tag_ids_.push_back(id);
    tags_.pop_back();
  } else if (answer.status == 400) {
    tags_.pop_back();  // this one cannot be; the post can
  } else if (answer.status == 403) {
    tags_.clear();  // nor can any other
  } else if (answer.status >= 200 && answer.status < 300) {
    return TryAgain{wordpress_nonsense(answer)};
  } else {
    return wordpress_trouble(answer, false);
  }
  return make_post();
}

Step Entry::made(const HttpAnswer& answer) {
  std::optional<WordpressItem> own = wordpress_item(answer);
  if (!own) return TryAgain{wordpress_nonsense(answer)};
  own_ = std::move(*own);
  // WordPress numbers a slug that is taken: a request of before was carried out meanwhile.
  if (own_.slug != (is_file_ ? file_slug_ : post_slug_)) {
    second_ = std::move(own_);
    return look(Doing::LookingForFirst, is_file_);
  }
  return is_there(std::move(own_));
}

Step Entry::found_first(std::optional<WordpressItem> first) {
  if (!first || first->id == second_->id) return is_there(*second_);
  own_ = std::move(*first);
  doing_ = Doing::RemovingSecond;
  return request("DELETE", (is_file_ ? "media/" : "posts/") + std::to_string(second_->id) +
                               "?force=true&_fields=id");
}

/// Each looks for the other after it is there itself, so one of the two finds both.
Step Entry::is_there(WordpressItem own) {
  own_ = std::move(own);
  if (!has_both()) return published();
  return look(Doing::LookingForOther, !is_file_);
}

Step Entry::join(WordpressItem other) {
  other_ = std::move(other);
  if (post().content.find(file().address) != std::string::npos) return attach();
  doing_ = Doing::Linking;
  // Behind what the post has now, which somebody may have edited.
  return post_json("posts/" + std::to_string(post().id) + "?_fields=id",
                   {{"content", post().content + wordpress_file_link(file().address)}});
}

Step Entry::attach() {
  if (file().parent == post().id) return published();
  doing_ = Doing::Attaching;
  return post_json("media/" + std::to_string(file().id) + "?_fields=id", {{"post", post().id}});
}

class Wordpress final : public Publisher {
 public:
  explicit Wordpress(WordpressOptions options) : site_{.options = std::move(options)} {
    while (site_.options.site.ends_with('/')) site_.options.site.pop_back();
  }
  [[nodiscard]] Shown show(const Document& document) const override {
    const std::string slug = wordpress_slug(*document.post, site_.options.target);
    return {.address =
                site_.options.site + '/' + slug + (document.format->name == "pdf" ? "-pdf" : "")};
  }
  std::unique_ptr<Conversation> converse(const Document& document) override {
    return std::make_unique<Entry>(site_, document);
  }
  [[nodiscard]] bool looks_up() const override { return true; }
  [[nodiscard]] std::vector<std::string> secrets() const override { return site_.options.secrets; }

 private:
  Site site_;
};

}  // namespace

std::unique_ptr<Publisher> make_wordpress(WordpressOptions options) {
  return std::make_unique<Wordpress>(std::move(options));
}

}  // namespace pullwire::republisher
