// Writes the seeds of the fuzz targets: what honest peers and files say, in our own encoding.
//   make_corpus FOLDER
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include <zlib.h>

#include "common/wire/codec.hpp"
#include "common/wire/events.hpp"
#include "common/wire/gauges.hpp"
#include "tests/protocol/messages.hpp"

namespace {

using namespace pullwire;
using namespace std::string_literals;
using Seeds = std::map<std::string, std::string>;

constexpr Timestamp kWhen{1'764'000'000'000'000};

Post rich_post() {
  Post post;
  post.post_id = "mastodon/example.org:115";
  post.source = "mastodon/example.org";
  post.author = "ada";
  post.author_name = "Ada Lovelace";
  post.lang = "en";
  post.url = "https://example.org/@ada/115";
  post.text = "Notes on the #AnalyticalEngine \xE2\x80\x94 \xF0\x9F\x98\x80";
  post.created_at = Timestamp{-1};
  post.ingested_at = kWhen;
  post.hashtags = {"AnalyticalEngine", "computerscience"};
  post.media = {{"image", "https://example.org/1.png", "a drawing"}, {"", "https://e.org/2", ""}};
  return post;
}

std::string deferred(const std::string& post) {
  Publication publication;
  publication.post_id = "raw:1";
  publication.target = "site";
  publication.format = "html";
  publication.status = Status::Deferred;
  publication.attempts = 3;
  publication.redelivered = true;
  publication.error = "503";
  publication.retry_at = Timestamp{kWhen.micros + 60'000'000};
  publication.ingested_at = publication.rendered_at = publication.published_at = kWhen;
  publication.post = post;
  std::string bytes;
  wire::encode_publication(publication, bytes);
  return bytes;
}

/// An array of so many nils: as many values as there can be in so few bytes.
std::string nils(std::uint16_t count) {
  return "\xdc"s + static_cast<char>(count >> 8U) + static_cast<char>(count & 0xffU) +
         std::string(count, '\xc0');
}

std::string reports() {
  wire::StageReport report{.stage = "republisher", .name = "one", .instance = {1, 2, 3}};
  report.uptime_us = 1'000'000;
  report.events = UINT64_MAX;
  wire::StageReport other{.stage = "ingestor", .name = "two", .instance = {4}};
  other.read = 300;
  return wire::encode_reports({report, other});
}

Seeds events() {
  const std::string rich = wire::encode_post(rich_post());
  Post with_html = rich_post();
  with_html.html = "<p>Notes on the <em>engine</em></p>";
  return {{"post", tests::a_post("raw:1")},
          {"post-rich", rich},
          {"post-html", wire::encode_post(with_html)},
          {"publication", tests::a_publication("raw:1")},
          {"publication-deferred", deferred(rich)},
          {"reports", reports()},
          {"many-values", nils(2049)}};
}

Seeds messages() {
  using namespace flow;
  const Credit credit{.session = 77,
                      .limit = 300,
                      .cum = 200,
                      .settled = {{203, 205}, {210, 210}},
                      .released = {{201, 202}, {205, 205}}};
  Heartbeat beat;
  beat.session = 77;
  beat.sessions = 2;
  beat.sent = 9;
  beat.confirmed = 8;
  beat.gauges = reports();
  Heartbeat with_credit = beat;
  with_credit.credit = credit;
  Hello hello;
  hello.instance = {9, 8};
  hello.number = 3;
  hello.name = "r1";
  hello.max_demand = 100;
  Hello producing;
  producing.role = Role::Producer;
  producing.number = 1;
  producing.contract = "site html\n";
  const std::map<std::string, Message> plain{
      {"hello", hello},
      {"hello-producer", producing},
      {"welcome", Welcome{.session = UINT64_MAX, .number = 3, .name = "i", .max_demand = 0}},
      {"credit", credit},
      {"heartbeat", beat},
      {"heartbeat-credit", with_credit},
      {"drain", Drain{77}},
      {"drained", Drained{77, 12}},
      {"bye", Bye{77}},
      {"error", Error{.session = 77, .number = 1, .code = ErrorCode::Gap, .text = "why"}}};
  Seeds seeds;
  for (const auto& [name, message] : plain) seeds[name] = wire::encode(message);
  seeds["hello-later"] = tests::with_further_element(plain.at("hello"));
  wire::DataEncoder encoder;
  encoder.begin(77, 5, 3);
  encoder.add({}, tests::a_post("raw:1"));
  encoder.add({.redelivered = true, .attempts = 2}, tests::a_publication("raw:1"));
  encoder.add({.give_up = true, .attempts = 300}, "no event");
  seeds["data"] = wire::view(encoder.finish());
  seeds["bomb-array"] = "PW\x01\x04\xdd\xff\xff\xff\xff"s;
  seeds["bomb-bytes"] = "PW\x01\x03\x93\x01\x01\x92\x00\xc6\xff\xff\xff\xff"s;
  seeds["bomb-nested"] = "PW\x01\x04" + std::string(64, '\x91');
  seeds["many-values"] = "PW\x01\x04" + nils(4097);
  return seeds;
}

Seeds posts() {
  return {
      {"short", R"({"id":"1","text":""})"},
      {"rich",
       R"({"id":12345678901234567890,"text":"#a \u00e9\ud83d\ude00","author":"@ada","author_name":"A",)"
       R"("created_at":"2026-11-23T17:42:55.123456+01:00","lang":"en","url":"https://e.org/1",)"
       R"("hashtags":["#x","y",""],"media":["https://e.org/1.png",{"type":"image","url":"u","alt":null}],)"
       R"("other":{"deep":[1,-2.5e3,true,null,{"k":"v"}]}})"
       "\n"},
      {"lines",
       "\xEF\xBB\xBF{\"id\":\"1\",\"text\":\"one #tag\"}\r\n\n{\"id\":\"2\"}\nnot json\n"
       "{\"id\":\"3\",\"text\":\"three\"} \t\n{\"id\":\"4\",\"text\":\"no end"},
      {"large-numbers", R"({"id":126913578024691357691357802469135780,"text":"","x":1e999})"},
      {"deep",
       "{\"id\":\"1\",\"text\":\"\",\"x\":" + std::string(70, '[') + std::string(70, ']') + "}\n"}};
}

std::string zipped(const std::string& text) {
  z_stream stream{};
  constexpr int kGzip = 15 + 16;
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error{"deflateInit2"};
  }
  std::string in = text;
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::runtime_error{"deflate"};
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Seeds compressed() {
  const std::string line = zipped("{\"id\":\"1\",\"text\":\"one\"}\n");
  return {{"empty", zipped("")},
          {"line", line},
          {"members", line + line + std::string(16, '\0') + line},
          {"trailing", line + "garbage"},
          {"cut", line.substr(0, line.size() / 2)},
          {"bomb", zipped(std::string(8 * 1024 * 1024, ' '))}};
}

/// Bytes as they are, or tags by number (html.cpp).
Seeds html() {
  return {{"article",
           " <h1>T</h1><p lang=de>a <a href=\"/x?a=1&amp;b\">b</a><ul><li>c<li><b>d</ul>"
           "<table><tr><td>e</table><img src=/1.png alt=f><pre>\n g</pre>"},
          {"mastodon",
           "<p><a href=\"https://e.org/a\"><span class=\"invisible\">https://</span><span>e.org/a"
           "</span></a> <a href=\"https://e.org/tags/b\">#<span>b</span></a></p>"},
          {"hostile",
           "<svg><style><a title=\"</style><img src=x onerror=x>\"><a href=java&Tab;script:x>y"},
          {"tags", "\x01\x08\x02\x0a\x7f\x09\x1e\x22\x24\x7f\x50\x5c\x0a"s},
          {"deep", " " + [] {
             std::string deep;
             for (int i = 0; i < 700; ++i) deep += "<ul>";
             return deep + "x";
           }()}};
}

/// Steps of link.cpp: the number of the step, then what it draws.
Seeds links() {
  const std::string hello = "\x01\x00\x00\x01\x01\x08\x00\x00\x00"s;
  const std::string connected = "\x0b"s;
  const std::string welcome = "\x02\x00\x07\x00\x01\x08\x00"s;
  const std::string credit = "\x04\x00\x00\x00\x00\x00\x00"s;
  const std::string work = "\x0d\x0d\x0d"s + credit + "\x0e"s + credit + "\x0c\x14"s + credit;
  const std::string events = "\x12\x03\x00\x00\x02\x0f\x00\x10\x00\x12"s;
  const std::string end = "\x06\x00\x00\x08\x00\x00"s;
  return {{"binder-producer", "\x00"s + hello + work + end},
          {"connector-producer", "\x01"s + connected + welcome + work + end},
          {"binder-consumer", "\x02"s + hello + events + events + end},
          {"too-many", "\x02"s + hello + "\x12\x03\x00\x00\x0c"s},
          {"gap", "\x02"s + hello + "\x12\x03\x00\x01\x00"s},
          {"never-sent", "\x00"s + hello + "\x04\x00\x01\x00\x00\x00\x00"s},
          {"died-alone", "\x00"s + hello + work + "\x0a\x00"s + hello + work + "\x0a\x00"s + end},
          {"binder-shared", "\x06"s + hello + events + events + end},
          {"connector-consumer", "\x03"s + connected + welcome + events + end},
          {"drained", "\x03"s + connected + welcome + events + "\x13\x02\x07\x00\x00\x00"s}};
}

void write(const std::filesystem::path& folder, const Seeds& seeds) {
  std::filesystem::create_directories(folder);
  for (const auto& [name, bytes] : seeds) {
    std::ofstream file{folder / name, std::ios::binary};
    if (!file.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush()) {
      throw std::runtime_error{"cannot write " + (folder / name).string()};
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: make_corpus FOLDER\n", stderr);
    return 2;
  }
  const std::filesystem::path folder{argv[1]};
  write(folder / "message", messages());
  write(folder / "event", events());
  write(folder / "link", links());
  write(folder / "posts", posts());
  write(folder / "gzip", compressed());
  write(folder / "html", html());
}
