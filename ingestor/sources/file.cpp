#include "ingestor/sources/file.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "ingestor/sources/inflater.hpp"
#include "ingestor/sources/json_lines.hpp"
#include "ingestor/sources/raw_file.hpp"

namespace pullwire::ingestor {
namespace {

constexpr Time kLookAgain = std::chrono::milliseconds{200};
constexpr int kBlocksPassedOver = 16;  // a pull on the way to a position in compressed text

class FileSource final : public Source {
 public:
  FileSource(std::string name, std::filesystem::path path, bool follow, std::size_t block)
      : name_{std::move(name)},
        path_{std::move(path)},
        follow_{follow},
        block_{block},
        lines_{name_, path_.string()},
        file_{std::make_unique<RawFile>(path_)} {
    if (path_.extension() == ".gz") {
      inflater_.emplace();
      compressed_.resize(block_);
    }
  }

  std::string_view name() const override { return name_; }
  Identity identity() const override { return Identity::Ids; }

  std::optional<Time> pull(Time now, std::size_t wanted, Sink& sink) override;
  std::string position() const override { return lines_.place().text(); }
  std::string cursor(std::string_view position) const override;
  void resume(std::string_view cursor) override;

 private:
  bool read_block(Sink& sink);
  bool inflate_block(Sink& sink);
  bool at_end() const;
  void end(Sink& sink);
  bool look(Sink& sink);
  void start_over();
  void report(const std::string& why, Sink& sink);
  void recovered(Sink& sink);

  const std::string name_;
  const std::filesystem::path path_;
  const bool follow_;
  const std::size_t block_;
  JsonLines lines_;
  std::unique_ptr<RawFile> file_;
  std::optional<Inflater> inflater_;  // if the file is compressed
  std::string compressed_;            // the block that the inflater reads
  std::uint64_t to_pass_ = 0;         // bytes of decompressed text before the position
  bool waiting_ = false;              // at the end, for more
  bool ended_ = false;
  std::string trouble_;  // told last; "" while all is well
};

std::optional<Time> FileSource::pull(Time now, std::size_t /*wanted*/, Sink& sink) {
  if (ended_) return std::nullopt;
  try {
    if (waiting_ && !look(sink)) return now + kLookAgain;
    waiting_ = false;
    if (!at_end()) {
      const bool good = inflater_ ? inflate_block(sink) : read_block(sink);
      lines_.deliver(sink);
      if (good && !at_end()) return now;
    }
    if (to_pass_ > 0) {  // the text is shorter than it was
      start_over();
      return now;
    }
    if (follow_) {
      waiting_ = true;
      return now + kLookAgain;
    }
    end(sink);
    return std::nullopt;
  } catch (const std::runtime_error& failure) {
    report(failure.what(), sink);
    return now + kLookAgain;
  }
}

bool FileSource::read_block(Sink& sink) {
  const std::size_t size = file_->read(lines_.reserve(block_), block_);
  if (size > 0) sink.requested();
  lines_.commit(size);
  recovered(sink);
  return size > 0;
}

/// Returns false if no more can be read: the data is no gzip.
bool FileSource::inflate_block(Sink& sink) {
  if (inflater_->needs_input()) {
    const std::size_t size = file_->read(compressed_.data(), block_);
    if (size == 0) return false;
    sink.requested();
    inflater_->feed({compressed_.data(), size});
  }
  for (int i = 0; i < kBlocksPassedOver && !inflater_->needs_input(); ++i) {
    char* const text = lines_.reserve(block_);
    const std::size_t size = inflater_->inflate(text, block_);
    if (inflater_->broken()) {
      report(path_.string() + ": not gzip data before byte " + std::to_string(file_->position()),
             sink);
    }
    const auto passed = static_cast<std::size_t>(std::min<std::uint64_t>(size, to_pass_));
    to_pass_ -= passed;
    if (passed > 0) std::memmove(text, text + passed, size - passed);
    lines_.commit(size - passed);
    if (inflater_->broken()) return false;
    if (size > passed) break;
  }
  recovered(sink);
  return true;
}

bool FileSource::at_end() const {
  if (inflater_ && inflater_->broken()) return true;
  return (!inflater_ || inflater_->needs_input()) && file_->size() <= file_->position();
}

void FileSource::end(Sink& sink) {
  ended_ = true;
  if (inflater_ && inflater_->inside_member() && !inflater_->broken()) {
    report(path_.string() + ": the compressed data ends too early", sink);
  }
  lines_.finish(sink);
}

/// Whether there is something to read again.
bool FileSource::look(Sink& sink) {
  // In this order: what was written before the name went to another file is read.
  std::string vanished;
  bool replaced = false;
  try {
    replaced = file_->replaced();
  } catch (const std::runtime_error& failure) {
    vanished = failure.what();
  }
  const std::uint64_t size = file_->size();
  const bool broken = inflater_ && inflater_->broken();
  if (size < file_->position() || ((size > file_->position() || broken) && !file_->unchanged())) {
    start_over();
    return true;
  }
  if (size > file_->position() && !broken) return true;
  if (!vanished.empty()) {
    report(vanished, sink);
    return false;
  }
  if (replaced) {
    auto successor = std::make_unique<RawFile>(path_);
    lines_.finish(sink);
    file_ = std::move(successor);
    start_over();
    return true;
  }
  if (!broken) recovered(sink);
  return false;
}

void FileSource::start_over() {
  file_->go_to(0);
  if (inflater_) inflater_->restart();
  to_pass_ = 0;
  lines_.restart({0, 1, lines_.place().turn + 1});
}

void FileSource::report(const std::string& why, Sink& sink) {
  if (why == trouble_) return;
  trouble_ = why;
  sink.error(why);
}

void FileSource::recovered(Sink& sink) {
  if (trouble_.empty()) return;
  trouble_.clear();
  sink.works();
}

std::string FileSource::cursor(std::string_view position) const {
  const Place current = lines_.place();
  Place place = Place::parse(position).value_or(current);
  if (place.turn != current.turn) place = Place{};
  return nlohmann::json{{"offset", place.offset},
                        {"line", place.line},
                        {"size", file_->known().size()},
                        {"digest", file_->known().digest()}}
      .dump();
}

void FileSource::resume(std::string_view cursor) {
  const auto json = nlohmann::json::parse(cursor, nullptr, false);
  if (!json.is_object()) return;
  const auto number = [&json](const char* key) -> std::optional<std::uint64_t> {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_number_unsigned()) return std::nullopt;
    return found->get<std::uint64_t>();
  };
  const auto offset = number("offset");
  const auto line = number("line");
  const auto size = number("size");
  const auto digest = json.find("digest");
  if (!offset || !line || !size || digest == json.end() || !digest->is_string()) return;
  if (!file_->begins_with(*size, digest->get_ref<const std::string&>())) return;
  if (inflater_) {
    to_pass_ = *offset;
  } else if (*offset > *size || !file_->go_to(*offset)) {
    return;
  }
  lines_.restart({*offset, *line, 0});
}

}  // namespace

std::unique_ptr<Source> make_file_source(std::string name, std::filesystem::path path, bool follow,
                                         std::size_t block) {
  return std::make_unique<FileSource>(std::move(name), std::move(path), follow, block);
}

}  // namespace pullwire::ingestor
