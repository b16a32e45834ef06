#include "republisher/publish/dry_run.hpp"

#include <utility>

#include "common/ops/log.hpp"

namespace pullwire::republisher {
namespace {

class DryRun final : public Target {
 public:
  explicit DryRun(std::string name) : name_{std::move(name)} {}

  std::optional<Outcome> prepare(const Document& document) override {
    log_info("dry run: not published", {{"post", document.post->post_id},
                                        {"target", name_},
                                        {"format", document.format->name},
                                        {"bytes", document.bytes.size()}});
    return Outcome{
        .status = Status::Published, .location = "dry-run:", .error = {}, .retry_at = {}};
  }
  void publish(const Document& /*document*/, Done done) override { done({}); }

 private:
  const std::string name_;
};

}  // namespace

std::unique_ptr<Target> make_dry_run(std::string name) {
  return std::make_unique<DryRun>(std::move(name));
}

}  // namespace pullwire::republisher
