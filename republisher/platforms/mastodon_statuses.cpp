#include "republisher/platforms/mastodon_statuses.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include <nlohmann/json.hpp>
#include <sodium.h>
#include <utf8proc.h>

#include "common/model/mapped_text.hpp"
#include "republisher/platforms/mastodon_instance.hpp"

namespace pullwire::republisher {
namespace {

constexpr std::size_t kMostStatuses = 100;  // of a page; 40 are asked for
constexpr std::size_t kMostId = 64;
constexpr std::size_t kMostUrl = 2048;

void append_code_point(std::string& out, std::uint32_t code) {
  if (!utf8proc_codepoint_valid(static_cast<utf8proc_int32_t>(code))) return;
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

/// What `reference` (without & and ;) stands for; "" for one that servers do not write.
std::string character_of(std::string_view reference) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kNamed{
      {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", " "}}};
  for (const auto& [name, text] : kNamed) {
    if (reference == name) return std::string{text};
  }
  if (!reference.starts_with('#')) return {};
  const bool hexadecimal = reference.starts_with("#x") || reference.starts_with("#X");
  reference.remove_prefix(hexadecimal ? 2 : 1);
  std::uint32_t code = 0;
  const char* const end = reference.data() + reference.size();
  const auto result = std::from_chars(reference.data(), end, code, hexadecimal ? 16 : 10);
  std::string text;
  if (result.ec == std::errc{} && result.ptr == end) append_code_point(text, code);
  return text;
}

std::string text_of_html(std::string_view html) {
  constexpr std::size_t kLongestReference = 12;
  std::string text;
  while (!html.empty()) {
    if (html.front() == '<') {
      const std::size_t end = html.find('>');
      html.remove_prefix(std::min(end, html.size() - 1) + 1);
      continue;
    }
    if (html.front() == '&') {
      const std::size_t end = html.substr(0, kLongestReference).find(';');
      const std::string character =
          end == std::string_view::npos ? "" : character_of(html.substr(1, end - 1));
      if (!character.empty()) {
        text += character;
        html.remove_prefix(end + 1);
        continue;
      }
    }
    text += html.front();
    html.remove_prefix(1);
  }
  return text;
}

/// NFC, without what cannot be seen. Blanks first: what is mapped does not depend on them.
std::string visible(std::string_view text) {
  std::string seen;
  while (!text.empty()) {
    utf8proc_int32_t code = -1;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                         static_cast<utf8proc_ssize_t>(text.size()), &code);
    if (length <= 0) return {};
    const auto category = utf8proc_category(code);
    const bool blank = category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
                       category == UTF8PROC_CATEGORY_ZP || category == UTF8PROC_CATEGORY_CC;
    if (!blank) seen += text.substr(0, static_cast<std::size_t>(length));
    text.remove_prefix(static_cast<std::size_t>(length));
  }
  return map_text(seen, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_IGNORE).value_or("");
}

std::string text_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::optional<OwnStatus> read_status(const nlohmann::json& json) {
  if (!json.is_object()) return std::nullopt;
  OwnStatus status{.id = text_at(json, "id"),
                   .url = text_at(json, "url"),
                   .created_at = {},
                   .essence = essence_of_html(text_at(json, "content"))};
  const auto created_at = parse_rfc3339(text_at(json, "created_at"));
  if (status.id.empty() || status.id.size() > kMostId || !created_at) return std::nullopt;
  if (status.url.size() > kMostUrl) status.url.clear();
  status.url.shrink_to_fit();
  status.created_at = *created_at;
  return status;
}

}  // namespace

std::optional<Essence> essence_of_text(std::string_view text) {
  const std::string seen = visible(text);
  if (seen.empty()) return std::nullopt;
  Essence digest{};
  crypto_generichash(digest.data(), digest.size(),
                     reinterpret_cast<const unsigned char*>(seen.data()), seen.size(), nullptr, 0);
  return digest;
}

std::optional<Essence> essence_of_html(std::string_view html) {
  return essence_of_text(text_of_html(html));
}

std::optional<std::vector<OwnStatus>> read_statuses(const std::string& body) {
  const nlohmann::json list = parse_answer(body);
  if (!list.is_array() || list.size() > kMostStatuses) return std::nullopt;
  std::vector<OwnStatus> page;
  for (const auto& one : list) {
    auto status = read_status(one);
    if (!status) return std::nullopt;
    page.push_back(*std::move(status));
  }
  return page;
}

const OwnStatus* OwnStatuses::find(const Essence& essence, Timestamp since) const {
  const auto found = std::find_if(statuses_.begin(), statuses_.end(), [&](const OwnStatus& one) {
    return one.essence == essence && one.created_at >= since;
  });
  return found == statuses_.end() ? nullptr : &*found;
}

bool OwnStatuses::reaches(Timestamp since) const {
  return all_ || statuses_.size() >= kMost ||
         (!statuses_.empty() && statuses_.back().created_at < since);
}

/// `joined`: what is known comes right behind `newer`; else there may be a gap. `all`: nothing is
/// older than `newer`.
void OwnStatuses::prepend(std::vector<OwnStatus> newer, bool joined, bool all) {
  if (!joined) {
    statuses_.clear();
    ids_.clear();
    all_ = all;
  }
  for (auto one = newer.rbegin(); one != newer.rend(); ++one) {
    // Another look-up may have brought it in the meantime.
    if (ids_.insert(one->id).second) statuses_.push_front(std::move(*one));
  }
  forget_surplus();
}

/// `older` comes right behind the status of that id, if it is the last one still.
void OwnStatuses::append(const std::string& behind, std::vector<OwnStatus> older) {
  if (statuses_.empty() || statuses_.back().id != behind) return;
  all_ = older.empty();
  for (OwnStatus& one : older) {
    if (ids_.insert(one.id).second) statuses_.push_back(std::move(one));
  }
  forget_surplus();
}

void OwnStatuses::forget_surplus() {
  while (statuses_.size() > kMost) {
    ids_.erase(statuses_.back().id);
    statuses_.pop_back();
    all_ = false;
  }
}

bool StatusLookup::take(std::vector<OwnStatus> page) {
  ++pages_;
  if (joined_) {
    statuses_.append(max_id_, std::move(page));
  } else {
    const bool end = page.empty();
    for (OwnStatus& status : page) {
      joined_ = statuses_.knows(status.id);
      if (joined_) break;
      fresh_.push_back(std::move(status));
    }
    const bool far_enough = end || fresh_.size() >= OwnStatuses::kMost || pages_ >= kMostPages ||
                            (!fresh_.empty() && fresh_.back().created_at < since_);
    if (!joined_ && !far_enough) {
      max_id_ = fresh_.back().id;
      return true;
    }
    statuses_.prepend(std::exchange(fresh_, {}), joined_, end);
    if (!joined_) return false;
  }
  if (statuses_.reaches(since_) || pages_ >= kMostPages) return false;
  max_id_ = statuses_.statuses_.back().id;
  return true;
}

}  // namespace pullwire::republisher
