#include "ingestor/live/feed_document.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "common/model/time.hpp"
#include "tests/catch.hpp"
#include "tests/unit/ingestor/feed_fixture.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;

namespace {

std::optional<Timestamp> at(std::string_view text) {
  return parse_rfc3339(text);
}

}  // namespace

TEST_CASE("a feed of WordPress", "[feed]") {
  const FeedDocument document = read(R"(<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
	xmlns:content="http://purl.org/rss/1.0/modules/content/"
	xmlns:wfw="http://wellformedweb.org/CommentAPI/"
	xmlns:dc="http://purl.org/dc/elements/1.1/"
	xmlns:atom="http://www.w3.org/2005/Atom"
	xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"
	xmlns:slash="http://purl.org/rss/1.0/modules/slash/"
	>
<channel>
	<title>Notes &#8211; on machines</title>
	<atom:link href="https://blog.example/feed/" rel="self" type="application/rss+xml" />
	<link>https://blog.example</link>
	<description>Just another site</description>
	<lastBuildDate>Mon, 23 Nov 2026 17:42:55 +0000</lastBuildDate>
	<language>en-US</language>
	<sy:updatePeriod>hourly</sy:updatePeriod>
	<generator>https://wordpress.org/?v=6.1.1</generator>
	<image><url>https://blog.example/icon.png</url><title>Notes</title><link>https://blog.example</link></image>
	<item>
		<title>Caches &#038; queues: &#8220;how long?&#8221;</title>
		<link>https://blog.example/2026/11/caches/</link>
		<comments>https://blog.example/2026/11/caches/#respond</comments>
		<dc:creator><![CDATA[Ada Lovelace]]></dc:creator>
		<pubDate>Mon, 23 Nov 2026 17:42:55 +0000</pubDate>
		<category><![CDATA[Computer Science]]></category>
		<category><![CDATA[Architecture]]></category>
		<category><![CDATA[Uncategorized]]></category>
		<guid isPermaLink="false">https://blog.example/?p=42</guid>
		<description><![CDATA[<p>Short [&#8230;]</p>]]></description>
		<content:encoded><![CDATA[
<p>Every queue is a <a href="/glossary/cache">cache</a> of work &amp; worry.</p>
<p>See #Programming, #architecture.</p>
<figure><img src="https://blog.example/queue.png" alt="a queue" onload="x"/></figure>
]]></content:encoded>
		<wfw:commentRss>https://blog.example/2026/11/caches/feed/</wfw:commentRss>
		<slash:comments>3</slash:comments>
	</item>
	<item>
		<title>Second</title>
		<link>https://blog.example/2026/11/second/</link>
		<guid isPermaLink="false">https://blog.example/?p=43</guid>
		<description><![CDATA[<p>Only a summary</p>]]></description>
	</item>
</channel>
</rss>
)");
  REQUIRE(document.posts.size() == 2);
  const FoundPost& post = document.posts[0];
  CHECK(post.id == "https://blog.example/?p=42");
  CHECK(post.url == "https://blog.example/2026/11/caches/");
  CHECK(post.author == "Ada Lovelace");
  CHECK(post.author_name == "Ada Lovelace");
  CHECK(post.created_at == at("2026-11-23T17:42:55Z"));
  CHECK(post.lang == "en-US");
  CHECK_THAT(post.text, Catch::Matchers::StartsWith(
                            "Caches & queues: \u201Chow long?\u201D\n\nEvery queue is a cache"));
  CHECK_THAT(post.text, Catch::Matchers::Contains("of work & worry."));
  CHECK_THAT(post.html, Catch::Matchers::StartsWith(
                            "<p><strong>Caches &amp; queues: \u201Chow long?\u201D</strong></p>"));
  CHECK_THAT(post.html, Catch::Matchers::Contains("https://blog.example/glossary/cache"));
  CHECK(post.html.find("onload") == std::string::npos);
  CHECK(post.hashtags == Tags{"ComputerScience", "Architecture", "Uncategorized", "Programming"});
  REQUIRE(post.media.size() == 1);
  CHECK(post.media[0].type == "image");
  CHECK(post.media[0].url == "https://blog.example/queue.png");
  CHECK(post.media[0].alt == "a queue");
  CHECK(document.posts[1].text == "Second\n\nOnly a summary");
  CHECK(document.posts[1].author.empty());
}

TEST_CASE("a feed of Blogger", "[feed]") {
  const FoundPost post = only(R"(<?xml version='1.0' encoding='UTF-8'?>
<?xml-stylesheet href="http://www.blogger.com/styles/atom.css" type="text/css"?>
<feed xmlns='http://www.w3.org/2005/Atom' xmlns:georss='http://www.georss.org/georss' xmlns:thr='http://purl.org/syndication/thread/1.0' xml:lang='de'>
<id>tag:blogger.com,1999:blog-1</id><updated>2026-11-23T18:00:00.001+01:00</updated>
<title type='text'>Blog</title>
<link rel='alternate' type='text/html' href='http://b.example/'/>
<author><name>Grete H.</name><uri>http://www.blogger.com/profile/1</uri><email>noreply@blogger.com</email></author>
<generator version='7.00' uri='http://www.blogger.com'>Blogger</generator>
<entry><id>tag:blogger.com,1999:blog-1.post-7</id>
<published>2026-11-22T18:42:00.005+01:00</published><updated>2026-11-23T18:00:00.001+01:00</updated>
<category scheme="http://schemas.google.com/g/2005#kind" term="http://schemas.google.com/blogger/2008/kind#post"/>
<category scheme='http://www.blogger.com/atom/ns#' term='Programming'/>
<title type='text'>Wärme &amp; Maß</title>
<content type='html'>&lt;p&gt;Ein &lt;b&gt;Satz&lt;/b&gt;&amp;nbsp;hier.&lt;/p&gt;</content>
<link rel='replies' type='application/atom+xml' href='http://b.example/feeds/7/comments/default'/>
<link rel='edit' type='application/atom+xml' href='http://www.blogger.com/feeds/1/posts/default/7'/>
<link rel='alternate' type='text/html' href='http://b.example/2026/11/warme.html' title='W'/>
<link rel="enclosure" type="audio/mpeg" href="http://b.example/7.mp3" length="1"/>
<thr:total>0</thr:total></entry></feed>)");
  CHECK(post.id == "tag:blogger.com,1999:blog-1.post-7");
  CHECK(post.url == "http://b.example/2026/11/warme.html");
  CHECK(post.author == "Grete H.");
  CHECK(post.lang == "de");
  CHECK(post.created_at == at("2026-11-22T17:42:00.005Z"));
  CHECK(post.text == "W\u00E4rme & Ma\u00DF\n\nEin Satz\u00A0hier.");
  CHECK(post.hashtags == Tags{"Programming"});
  REQUIRE(post.media.size() == 1);
  CHECK(post.media[0].type == "audio");
}

TEST_CASE("RSS 1.0 as arXiv has it", "[feed]") {
  const FoundPost post = only(R"(<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:taxo="http://purl.org/rss/1.0/modules/taxonomy/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="http://arxiv.org/"><title>cs.LG updates</title><link>http://arxiv.org/</link>
<dc:language>en-us</dc:language><dc:date>2026-11-23T20:30:00-05:00</dc:date>
<items><rdf:Seq><rdf:li rdf:resource="http://arxiv.org/abs/2611.00001" /></rdf:Seq></items>
<image rdf:resource="http://arxiv.org/icons/sfx.gif" /></channel>
<image rdf:about="http://arxiv.org/icons/sfx.gif"><title>arXiv.org</title><link>http://arxiv.org/</link></image>
<item rdf:about="http://arxiv.org/abs/2611.00001"><title>On $O(n)$ &lt; $O(n^2)$. (arXiv:2611.00001v1 [cs.DS])</title>
<link>http://arxiv.org/abs/2611.00001?utm=rss</link>
<description rdf:parseType="Literal">&lt;p&gt;We show it.&lt;/p&gt;</description>
<dc:creator> &lt;a href="http://arxiv.org/a/h"&gt;Alonzo C.&lt;/a&gt;</dc:creator>
<dc:subject>Data Structures, Complexity</dc:subject></item></rdf:RDF>)");
  CHECK(post.id == "http://arxiv.org/abs/2611.00001");
  CHECK(post.url == "http://arxiv.org/abs/2611.00001?utm=rss");
  CHECK(post.text == "On $O(n)$ < $O(n^2)$. (arXiv:2611.00001v1 [cs.DS])\n\nWe show it.");
  CHECK(post.author == "Alonzo C.");
  CHECK(post.lang == "en-us");
  CHECK(post.hashtags == Tags{"DataStructures", "Complexity"});
}

TEST_CASE("a feed of Mastodon has no titles", "[feed]") {
  const FoundPost post = only(R"(<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:webfeeds="http://webfeeds.org/rss/1.0" xmlns:media="http://search.yahoo.com/mrss/">
  <channel><title>Ada</title><link>https://social.example/@ada</link>
    <webfeeds:icon>https://social.example/a.png</webfeeds:icon><generator>Mastodon v4.2</generator>
    <item>
      <guid isPermaLink="true">https://social.example/@ada/115</guid>
      <link>https://social.example/@ada/115</link>
      <pubDate>Mon, 23 Nov 2026 17:42:55 +0000</pubDate>
      <description>&lt;p&gt;Hello &lt;a href="https://social.example/tags/programming" class="mention hashtag" rel="tag"&gt;#&lt;span&gt;programming&lt;/span&gt;&lt;/a&gt;&lt;/p&gt;</description>
      <media:content url="https://files.example/1.png" type="image/png" fileSize="1" medium="image">
        <media:rating scheme="urn:simple">nonadult</media:rating>
        <media:description type="plain">a drawing &amp; text</media:description>
      </media:content>
      <category>programming</category>
    </item></channel></rss>)");
  CHECK(post.id == "https://social.example/@ada/115");
  CHECK(post.text == "Hello #programming");
  CHECK(post.hashtags == Tags{"programming"});
  REQUIRE(post.media.size() == 1);
  CHECK(post.media[0].type == "image");
  CHECK(post.media[0].alt == "a drawing & text");
}

TEST_CASE("a podcast", "[feed]") {
  const FoundPost post = only(R"(<?xml version="1.0" encoding="utf-8"?>
<rss xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" version="2.0"><channel>
<title>Pod</title><language>en</language><itunes:author>The Hosts</itunes:author>
<itunes:category text="Technology"><itunes:category text="Sub"/></itunes:category>
<item><title>Episode 1</title><itunes:title>Other</itunes:title><guid>ep-1</guid>
<itunes:summary>We talk.</itunes:summary><itunes:keywords>Linux, C++20,</itunes:keywords>
<enclosure url="https://cdn.example/1.mp3?a=1&amp;b=2" length="123" type="audio/mpeg"/>
<itunes:duration>1:02:03</itunes:duration><pubDate>Wed, 02 Oct 2002 08:00:00 EST</pubDate></item>
</channel></rss>)");
  CHECK(post.id == "ep-1");
  CHECK(post.url.empty());
  CHECK(post.author == "The Hosts");
  CHECK(post.text == "Episode 1\n\nWe talk.");
  CHECK(post.html.empty());
  CHECK(post.hashtags == Tags{"Linux", "C20"});
  CHECK(post.created_at == at("2002-10-02T13:00:00Z"));
  REQUIRE(post.media.size() == 1);
  CHECK(post.media[0].type == "audio");
  CHECK(post.media[0].url == "https://cdn.example/1.mp3?a=1&b=2");
}

TEST_CASE("a feed of YouTube", "[feed]") {
  const FoundPost post = only(R"(<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns:media="http://search.yahoo.com/mrss/" xmlns="http://www.w3.org/2005/Atom">
 <link rel="self" href="http://www.youtube.com/feeds/videos.xml?channel_id=UC1"/>
 <id>yt:channel:1</id><title>Channel</title>
 <author><name>Channel</name><uri>https://www.youtube.com/channel/UC1</uri></author>
 <entry><id>yt:video:abc</id><yt:videoId>abc</yt:videoId><title>How it works</title>
  <link rel="alternate" href="https://www.youtube.com/watch?v=abc"/>
  <author><name>Speaker</name></author>
  <published>2026-11-23T17:42:55+00:00</published><updated>2026-11-24T00:00:00+00:00</updated>
  <media:group><media:title>How it works</media:title>
   <media:content url="https://www.youtube.com/v/abc?version=3" type="application/x-shockwave-flash" width="640"/>
   <media:thumbnail url="https://i.example/abc.jpg" width="480"/>
   <media:description>Line one
#programming</media:description>
   <media:community><media:starRating count="5"/></media:community></media:group></entry></feed>)");
  CHECK(post.id == "yt:video:abc");
  CHECK(post.url == "https://www.youtube.com/watch?v=abc");
  CHECK(post.author == "Speaker");
  CHECK(post.text == "How it works\n\nLine one\n#programming");
  CHECK(post.hashtags == Tags{"programming"});
  REQUIRE(post.media.size() == 2);
  CHECK(post.media[0].type.empty());
  CHECK(post.media[1].type == "image");
}

TEST_CASE("Atom: xhtml, xml:base, prefixes, text that looks like markup", "[feed]") {
  const FeedDocument document = read(
      R"(<a:feed xmlns:a="http://www.w3.org/2005/Atom" xml:base="https://e.example/blog/" xml:lang="en">
<a:id>x</a:id><a:entry><a:id>1</a:id><a:title type="xhtml"><h:div xmlns:h="http://www.w3.org/1999/xhtml">A <h:em>good</h:em> title</h:div></a:title>
<a:link href="one.html"/><a:updated>2026-11-23T17:42:55Z</a:updated>
<a:content type="xhtml" xml:lang="fr"><h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:p>Du <h:a href="two.html">texte</h:a> &amp; 1 &lt; 2<h:br/>fin</h:p></h:div></a:content></a:entry>
<a:entry><a:id>2</a:id><a:title>Why List&lt;T> is &amp;amp; was</a:title><a:content>1 &lt; 2 &amp; <![CDATA[<b>]]></a:content></a:entry>
<a:entry><a:id>3</a:id><a:title>T</a:title><a:content type="image/png" src="https://e.example/3.png"/><a:summary type="html">S &lt;i&gt;i&lt;/i&gt;</a:summary>
<a:source><a:id>other</a:id><a:title>Other</a:title><a:author><a:name>Wrong</a:name></a:author></a:source></a:entry></a:feed>)");
  REQUIRE(document.posts.size() == 3);
  CHECK(document.posts[0].url == "https://e.example/blog/one.html");
  CHECK(document.posts[0].lang == "fr");
  CHECK_THAT(document.posts[0].text, Catch::Matchers::StartsWith("A good title\n\nDu texte"));
  CHECK_THAT(document.posts[0].text, Catch::Matchers::Contains("& 1 < 2\nfin"));
  CHECK_THAT(document.posts[0].html, Catch::Matchers::Contains("https://e.example/blog/two.html"));
  CHECK(document.posts[0].created_at == at("2026-11-23T17:42:55Z"));
  CHECK(document.posts[1].text == "Why List<T> is &amp; was\n\n1 < 2 & <b>");
  CHECK(document.posts[1].html.empty());
  CHECK(document.posts[1].lang == "en");
  CHECK(document.posts[2].text == "T\n\nS i");
  CHECK(document.posts[2].author.empty());
}

TEST_CASE("Atom 0.3 and RSS 0.91", "[feed]") {
  const FoundPost old =
      only(R"(<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><id>1</id>
<title mode="escaped" type="text/html">A &amp;amp; B</title><issued>2004-05-06T07:08:09Z</issued>
<content type="text/html" mode="escaped">&lt;p&gt;Text&lt;/p&gt;</content></entry></feed>)");
  CHECK(old.text == "A & B\n\nText");
  CHECK(old.created_at == at("2004-05-06T07:08:09Z"));
  const FoundPost older = only(R"(<?xml version="1.0"?>
<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">
<rss version="0.91"><channel><title>x</title><item><title>News</title><link>http://n.example/1</link></item></channel></rss>)");
  CHECK(older.id == "http://n.example/1");
  CHECK(older.text == "News");
}

TEST_CASE("JSON Feed", "[feed]") {
  const FeedDocument document = read(R"({"version":"https://jsonfeed.org/version/1.1","title":"J",
"language":"en","authors":[{"name":"Feed Author"}],"items":[
{"id":"1","url":"/one","title":"Tom & Jerry <3","content_html":"<p>Hi <a href=\"two\">two</a> #C</p>",
 "date_published":"2026-11-23T18:42:55+01:00","tags":["Computer Science","42"],"image":"/i.png",
 "attachments":[{"url":"https://e.example/a.mp4","mime_type":"video/mp4","title":"clip"}],
 "authors":[{"name":"Ada"},{"name":"Bob"}],"language":"de"},
{"id":7,"content_text":"plain \u0007 <b>text</b>","external_url":"https://other.example/"},
{"id":"1","content_text":"again"}, {"id":"4","content_text":}, 5, {"id":"6","summary":"s",
"author":{"name":"Old"}}]})");
  REQUIRE(document.posts.size() == 3);
  CHECK(document.posts[0].id == "1");
  CHECK(document.posts[0].url == "https://example.org/one");
  CHECK_THAT(document.posts[0].text, Catch::Matchers::StartsWith("Tom & Jerry <3\n\nHi two"));
  CHECK_THAT(document.posts[0].html, Catch::Matchers::Contains("https://example.org/two"));
  CHECK(document.posts[0].author == "Ada, Bob");
  CHECK(document.posts[0].lang == "de");
  CHECK(document.posts[0].hashtags == Tags{"ComputerScience", "C"});
  REQUIRE(document.posts[0].media.size() == 2);
  CHECK(document.posts[1].id == "7");
  CHECK(document.posts[1].text == "plain  <b>text</b>");
  CHECK(document.posts[1].html.empty());
  CHECK(document.posts[1].url == "https://other.example/");
  CHECK(document.posts[1].author == "Feed Author");
  CHECK(document.posts[2].author == "Old");
  REQUIRE(document.skipped.size() == 3);
  CHECK(document.skipped[0].item == 3);
  CHECK(document.skipped[0].why == "has the id of one before, \"1\"");
  CHECK(document.skipped[1].item == 4);
  CHECK(document.skipped[2].why == "is no JSON object");
}
