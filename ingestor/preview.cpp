#include "ingestor/preview.hpp"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include <nlohmann/json.hpp>

#include "common/ops/log.hpp"
#include "common/wire/events.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::size_t kSeenKeep = 1'000'000;
constexpr int kPullsPerTurn = 16;  // before signals are looked at
constexpr std::size_t kMaxSpan = 10'000'000;

class TempDirectory {
 public:
  TempDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "pullwire-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw std::system_error{errno, std::generic_category(), name};
    }
    path_ = name;
  }
  ~TempDirectory() {
    std::error_code ignored;  // what is left lies in a folder for what is left
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string json_line(const Post& post) {
  nlohmann::ordered_json line{{"id", post.post_id}, {"text", post.text}};
  const auto add = [&line](const char* key, std::string_view value) {
    if (!value.empty()) line[key] = value;
  };
  add("html", post.html);
  add("source", post.source);
  add("author", post.author);
  add("author_name", post.author_name);
  if (post.created_at) line["created_at"] = to_text(*post.created_at);
  add("lang", post.lang);
  add("url", post.url);
  line["hashtags"] = post.hashtags;
  for (const Media& media : post.media) {
    line["media"].push_back({{"type", media.type}, {"url", media.url}, {"alt", media.alt}});
  }
  add("refused", post.refused);
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

class Preview {
 public:
  Preview(net::Loop& loop, const std::filesystem::path& state, std::vector<FilteredSource> sources,
          const std::vector<std::string>& hashtags, std::size_t count)
      : loop_{loop},
        left_{count},
        state_{copy_state(state, directory_.path() / "state.db"), kSeenKeep},
        intake_{std::move(sources),
                HashtagFilter{hashtags},
                {.seen_keep = kSeenKeep, .max_span = kMaxSpan, .sent_before = 0},
                state_,
                metrics_,
                [this](const PostInHand& post, bool) { show(post); }} {
    loop_.before_sleep([this] { pump(); });
    loop_.on_signal([this](int) { loop_.stop(); });
  }

  int run() {
    loop_.run();
    return 0;
  }

 private:
  static std::filesystem::path copy_state(const std::filesystem::path& from,
                                          const std::filesystem::path& to) {
    if (std::filesystem::exists(from)) copy_database(from, to);
    return to;
  }

  void show(const PostInHand& in_hand) {
    if (left_ == 0) return;
    Post post;
    if (!wire::decode_post(in_hand.bytes, post)) throw std::logic_error{"no post"};
    const std::string line = json_line(post);
    if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() ||
        std::fflush(stdout) != 0) {
      throw std::runtime_error{"cannot write to standard output"};
    }
    --left_;
  }

  void pump() {
    std::optional<Time> again = loop_.now();
    for (int i = 0; i < kPullsPerTurn && left_ > 0 && again && *again <= loop_.now(); ++i) {
      again = intake_.pull(loop_.now(), left_);
    }
    if (left_ == 0 || !again) return loop_.stop();
    if (timer_) loop_.cancel(*timer_);
    timer_.reset();
    if (*again != kWhenNews) timer_ = loop_.at(*again, [this] { timer_.reset(); });
  }

  net::Loop& loop_;
  std::size_t left_;
  TempDirectory directory_;
  State state_;
  Metrics metrics_{"ingestor"};
  Intake intake_;
  std::optional<net::Loop::TimerId> timer_;
};

}  // namespace

int preview(net::Loop& loop, const std::filesystem::path& state,
            std::vector<FilteredSource> sources, const std::vector<std::string>& hashtags,
            std::size_t count) {
  return Preview{loop, state, std::move(sources), hashtags, count}.run();
}

}  // namespace pullwire::ingestor
