// What travels inside the messages: posts, publications, reports of stages. Each is refused,
// or it is the same after encoding and decoding again.
#include <string>
#include <string_view>
#include <vector>

#include "common/flow/check.hpp"
#include "common/wire/events.hpp"
#include "common/wire/gauges.hpp"
#include "tests/fuzz/memory.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace pullwire;

void try_again(const Post& post) {
  const std::string bytes = wire::encode_post(post);
  Post again;
  CHECK(wire::decode_post(bytes, again) && again == post);
}

void try_again(const Publication& publication) {
  std::string bytes;
  wire::encode_publication(publication, bytes);
  Publication again;
  CHECK(wire::decode_publication(bytes, again));
  CHECK(again.post_id == publication.post_id && again.target == publication.target &&
        again.format == publication.format && again.status == publication.status &&
        again.attempts == publication.attempts && again.redelivered == publication.redelivered &&
        again.location == publication.location && again.error == publication.error &&
        again.retry_at == publication.retry_at && again.ingested_at == publication.ingested_at &&
        again.rendered_at == publication.rendered_at &&
        again.published_at == publication.published_at && again.post == publication.post);
}

void try_again(const std::vector<wire::StageReport>& reports) {
  std::vector<wire::StageReport> again;
  CHECK(wire::decode_reports(wire::encode_reports(reports), again) && again == reports);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(bytes), size};
  Post post;
  Publication publication;
  std::vector<wire::StageReport> reports;
  bool is_post = false;
  bool is_publication = false;
  bool is_reports = false;
  {
    const fuzz::MemoryBound bound{fuzz::memory_for(size)};
    is_post = wire::decode_post(input, post);
    is_publication = wire::decode_publication(input, publication);
    is_reports = wire::decode_reports(input, reports);
  }
  if (is_post) try_again(post);
  if (is_publication) try_again(publication);
  if (is_reports) try_again(reports);
  return 0;
}
