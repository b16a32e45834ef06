// What a document may cost, whatever it claims.
#include <chrono>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

#include "ingestor/live/feed_document.hpp"
#include "tests/catch.hpp"

using namespace pullwire::ingestor;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kMostSeconds = 10;
constexpr bool kCountsMemory = false;  // a sanitizer's own is in it
constexpr std::size_t kTimes = 100'000;
constexpr std::size_t kFeedBytes = 3'000'000;
#else
constexpr double kMostSeconds = 1;
constexpr bool kCountsMemory = true;
constexpr std::size_t kTimes = 1'000'000;
constexpr std::size_t kFeedBytes = 15'000'000;
#endif

struct Cost {
  double seconds;
  std::size_t mib;  // resident at most, beyond what was before
};

std::size_t resident_kib(std::string_view field) {
  std::ifstream status{"/proc/self/status"};
  for (std::string word; status >> word;) {
    if (word == field) {
      std::size_t kib = 0;
      status >> kib;
      return kib;
    }
  }
  return 0;
}

/// In the processor's time of this thread: others' load does not count.
double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Cost cost_of(const std::function<void()>& work) {
  std::ofstream{"/proc/self/clear_refs"} << "5";  // sets the peak back
  const std::size_t before = resident_kib("VmRSS:");
  const double begin = thread_seconds();
  work();
  const double seconds = thread_seconds() - begin;
  const std::size_t peak = resident_kib("VmHWM:");
  return {seconds, (peak > before ? peak - before : 0) / 1024};
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  result.reserve(text.size() * times);
  while (times-- > 0) result.append(text);
  return result;
}

FeedDocument read(std::string_view bytes) {
  return read_feed(bytes, "application/xml", "https://example.org/");
}

std::string rss(const std::string& items) {
  return "<rss><channel>" + items + "</channel></rss>";
}

}  // namespace

TEST_CASE("a million entities cost nothing", "[feed]") {
  std::string declared = "<!DOCTYPE rss [<!ENTITY e0 'ha'>";
  for (int i = 1; i < 500'000; ++i) {
    declared += "<!ENTITY e" + std::to_string(i) + " '&e" + std::to_string(i - 1) + ";'>";
  }
  declared.resize(std::min(declared.size(), kMostFeedBytes - 1000));
  declared.resize(declared.rfind("<!ENTITY"));
  declared += "]>" + rss("<item><title>&e9;</title></item>");
  const std::string referenced =
      rss("<item><guid>1</guid><title>" + repeated("&e9;&amp;", 500'000) + "</title><description>" +
          repeated("&nbsp;", 1'000'000) + "x</description></item>");
  for (const std::string& text : {declared, referenced}) {
    const Cost cost = cost_of([&] {
      const FeedDocument document = read(text);
      CHECK(document.posts.size() == 1);
      CHECK(document.damage.empty());
    });
    CAPTURE(text.size(), cost.seconds, cost.mib);
    CHECK(cost.seconds < kMostSeconds);
    if (kCountsMemory) CHECK(cost.mib < 5 * text.size() / (1024 * 1024) + 8);
  }
}

TEST_CASE("a feed of 15 MB is read in bounded memory", "[feed]") {
  const std::string paragraph =
      "<p>Words of a <a href=\"/link\">long</a> text &amp;mdash; with <b>marks</b>, \u00E9\u4E2D "
      "and #programming.</p>\n";
  std::string items;
  for (int i = 0; items.size() < kFeedBytes; ++i) {
    items += "<item><guid>https://e.example/" + std::to_string(i) + "</guid><title>Title " +
             std::to_string(i) +
             "</title><category>Computer Science</category><pubDate>Mon, 23 Nov "
             "2026 17:42:55 +0000</pubDate><content:encoded><![CDATA[" +
             repeated(paragraph, 100) + "]]></content:encoded></item>";
  }
  const std::string text = rss(items);
  std::size_t posts = 0;
  const Cost cost = cost_of([&] { posts = read(text).posts.size(); });
  CAPTURE(cost.seconds, cost.mib);
  CHECK(posts > kFeedBytes / 15'000);
  if (kCountsMemory) CHECK(cost.mib < 100);
}

TEST_CASE("more items than are read are left out", "[feed]") {
  std::string items;
  for (int i = 0; i < 10'002; ++i) items += "<item><title>" + std::to_string(i) + "</title></item>";
  const FeedDocument document = read(rss(items));
  CHECK(document.posts.size() == 10'000);
  CHECK_THAT(document.damage, Catch::Matchers::EndsWith(
                                  "there are more than 10000 items, the others were left out"));
  std::string json = "{\"items\":[";
  for (int i = 0; i < 10'002; ++i) {
    json += (i > 0 ? ",{\"id\":" : "{\"id\":") + std::to_string(i) + ",\"summary\":\"s\"}";
  }
  const FeedDocument other = read(json + "]}");
  CHECK(other.posts.size() == 10'000);
  CHECK(other.damage == "there are more than 10000 items, the others were left out");
}

TEST_CASE("hostile documents take linear time", "[feed]") {
  const std::string open = "<rss><channel><item><title>t</title>";
  const auto [name, text] = GENERATE_COPY(table<std::string, std::string>({
      {"nested elements", open + repeated("<a>", kTimes)},
      {"nested elements of one field", open + repeated("<title>", kTimes)},
      {"channels", repeated("<channel>", kTimes)},
      {"authors", open + repeated("<author>", kTimes)},
      {"groups", open + repeated("<media:group>", kTimes)},
      {"items in items", repeated("<rss><item>", kTimes)},
      {"signs", open + "<description>" + repeated("<", kTimes)},
      {"ampersands", open + "<description>" + repeated("&", kTimes)},
      {"half references", open + "<description>" + repeated("&#x", kTimes)},
      {"tags that do not end", open + repeated("<a b=\"", kTimes)},
      {"tags without quotes", open + repeated("<a '", kTimes)},
      {"tags with mixed quotes", open + repeated("<a \" =\" '", kTimes)},
      {"end tags", open + repeated("</a>", kTimes)},
      {"end tags that do not end", open + repeated("</a", kTimes)},
      {"declarations", open + repeated("<!a \"", kTimes)},
      {"comments", open + repeated("<!--", kTimes)},
      {"character data", open + repeated("<![CDATA[", kTimes)},
      {"attributes", "<rss " + repeated("a='b' ", kTimes) + "><channel>"},
      {"namespaces", "<rss " + repeated("xmlns:a='b' ", kTimes) + "><channel><item>" +
                         repeated("<b:c/>", kTimes / 2)},
      {"categories", open + repeated("<category>a,</category>", kTimes / 4)},
      {"media", open + repeated("<enclosure url='a'/>", kTimes / 4)},
      {"blanks", open + "<link>" + repeated(" ", kTimes) + "x</link>"},
      {"damage", open + "</item>" + repeated("</x>", kTimes)},
      {"JSON arrays", "{\"items\":" + repeated("[", kTimes)},
      {"JSON strings", "{\"items\":[" + repeated("\"\\", kTimes)},
      {"JSON objects", "{\"items\":[" + repeated("{\"a\":", kTimes)},
      {"JSON members", "{\"items\":[{" + repeated("\"id\":\"\",", kTimes / 4) + "\"a\":1}]}"},
      {"broken UTF-8", "<rss>" + repeated("\xE9\xA0", kTimes)},
      {"broken Shift_JIS", "<?xml encoding='shift_jis'?><rss>" + repeated("\x80\xFF", kTimes)},
  }));
  // Cut off, and closed: then what was gathered becomes a post.
  for (const std::string& bytes :
       {text, text + "</category></link></title></description></item></channel></rss>"}) {
    const Cost cost = cost_of([&] {
      try {
        CHECK(read(bytes).posts.size() <= 10'000);
      } catch (const NoFeed&) {
      }
    });
    CAPTURE(name, bytes.size(), cost.seconds, cost.mib);
    CHECK(cost.seconds < kMostSeconds);
    if (kCountsMemory) CHECK(cost.mib < 160);
  }
}
