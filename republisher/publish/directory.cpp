#include "republisher/publish/directory.hpp"

#include <chrono>
#include <cstdlib>
#include <string>
#include <system_error>
#include <thread>

#include <sodium.h>

#include "common/ops/log.hpp"
#include "republisher/publish/directory_files.hpp"
#include "republisher/publish/directory_journal.hpp"
#include "republisher/publish/directory_names.hpp"
#include "republisher/publish/site_index.hpp"
#include "republisher/publish/site_listing.hpp"

namespace pullwire::republisher {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kRetryMicros = 60'000'000;
constexpr std::chrono::seconds kLockPatience{10};
constexpr std::chrono::milliseconds kLockPause{2};  // flock(2) has no time-out of its own

/// The open files of a site.
struct Site {
  explicit Site(const fs::path& root)
      : writer{root / ".pullwire" / "tmp"},
        journal{root / ".pullwire" / "journal"},
        index{root, root / ".pullwire" / "lock", journal, writer} {}

  WholeFileWriter writer;
  Journal journal;
  SiteIndex index;
  std::string described;  // key of the post whose details this process wrote last
};

class DirectoryTarget final : public Target {
 public:
  DirectoryTarget(const fs::path& root, std::function<Timestamp()> clock)
      : root_{fs::absolute(root).lexically_normal()},
        clock_{std::move(clock)},
        site_{std::make_unique<Site>(root_)} {
    rebuild(SiteIndex::Effort::Complete);
  }

  std::optional<Outcome> prepare(const Document& document) override {
    Outcome outcome = write(document);
    const std::int64_t now = clock_().micros;
    if (now >= next_rebuild_ || now < next_rebuild_ - SiteIndex::kPeriodMicros) {
      rebuild(SiteIndex::Effort::Periodic);
    }
    return outcome;
  }

  void publish(const Document&, Done) override {
    std::abort();  // prepare() always has the outcome
  }

  void tidy() override {
    const auto deadline = std::chrono::steady_clock::now() + kLockPatience;
    while (!rebuild(SiteIndex::Effort::Complete)) {
      if (std::chrono::steady_clock::now() > deadline) {
        return complain("another process has held its lock for too long");
      }
      std::this_thread::sleep_for(kLockPause);
    }
  }

 private:
  Outcome write(const Document& document) {
    try {
      if (!site_) site_ = std::make_unique<Site>(root_);
      const std::string key = post_key(document.post->post_id);
      const fs::path path = root_ / document_path(key, document.format->extension);
      site_->writer.write(path, document.bytes, [&] { announce(key, document); });
      return {.status = Status::Published, .location = path.string(), .error = {}, .retry_at = {}};
    } catch (const std::exception& error) {
      reopen_if_gone(error);
      return {.status = Status::Deferred,
              .location = {},
              .error = error.what(),
              .retry_at = Timestamp{clock_().micros + kRetryMicros}};
    }
  }

  void announce(const std::string& key, const Document& document) {
    std::string details;
    if (key != site_->described) details = to_details(*document.post, clock_());
    site_->described.clear();
    site_->journal.append(document.format->name, key, details);
    site_->described = key;
  }

  /// Returns false if another process is at it.
  bool rebuild(SiteIndex::Effort effort) {
    const Timestamp now = clock_();
    next_rebuild_ = now.micros + SiteIndex::kPeriodMicros;
    try {
      if (!site_) site_ = std::make_unique<Site>(root_);
      if (!site_->index.rebuild(now, effort)) return false;
      complaint_.clear();
    } catch (const std::exception& error) {
      reopen_if_gone(error);
      complain(error.what());
    }
    return true;
  }

  /// Someone removed the folders under us: begin as a new process would.
  void reopen_if_gone(const std::exception& error) {
    const auto* system = dynamic_cast<const std::system_error*>(&error);
    if (system != nullptr && system->code() == std::errc::no_such_file_or_directory) site_.reset();
  }

  /// Once for each new reason.
  void complain(const std::string& reason) {
    if (reason == complaint_) return;
    complaint_ = reason;
    log_warn("index and feed are out of date", {{"site", root_.string()}, {"reason", reason}});
  }

  fs::path root_;
  std::function<Timestamp()> clock_;
  std::unique_ptr<Site> site_;
  std::int64_t next_rebuild_ = 0;
  std::string complaint_;
};

}  // namespace

std::unique_ptr<Target> make_directory_target(fs::path root, std::function<Timestamp()> clock) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium could not be initialised");
  return std::make_unique<DirectoryTarget>(root, std::move(clock));
}

}  // namespace pullwire::republisher
