// Posts for the renderers' and targets' tests: a plain one and those of people with bad intentions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/model/post.hpp"

namespace pullwire::republisher {

inline Post sample_post() {
  Post post;
  post.post_id = "mastodon/example.social:113500";
  post.source = "mastodon/example.social";
  post.author = "ada";
  post.author_name = "Ada Lovelace";
  post.created_at = Timestamp{1'795'455'775'123'456};
  post.lang = "en";
  post.url = "https://example.social/@ada/113500";
  post.text =
      "The engine weaves #algebraic patterns.\nSee https://example.org/notes?a=1&b=2 (G).\n\nA. L.";
  post.hashtags = {"algebraic"};
  post.media = {{"image", "https://example.social/media/1.png", "A loom, seen from above"}};
  post.ingested_at = Timestamp{1'795'455'999'000'000};
  return post;
}

/// Texts that try to be more than text.
inline const std::vector<std::string>& hostile_texts() {
  using namespace std::string_literals;
  static const std::vector<std::string> texts{
      "<script>alert(1)</script>",
      "\"><img src=x onerror=alert(1)>",
      "' onmouseover='alert(1)",
      "</title></style></textarea><script>alert(1)</script>",
      "javascript:alert(1)",
      "JaVaScRiPt://example.org/%0Aalert(1)",
      "data:text/html,<script>alert(1)</script>",
      "]]> <![CDATA[ x ]]> <!-- -- --> <?xml version='1.0'?> <!DOCTYPE x [<!ENTITY e 'x'>]> &e;",
      "&lt;script&gt; &amp;amp; &copy; &#60;b&#62; &#x3c;",
      "[x](javascript:alert(1)) ![y](https://example.org/p.png) [z]: javascript:alert(1)",
      "<https://example.org/a> <javascript:alert(1)> <b@example.org>",
      "`code` ```fence``` ~~~fence~~~ **bold** _emph_ ~~gone~~ \\*not\\*",
      "# heading\n## heading ##\n#heading\nTitle\n=====\nTitle\n-----\n---\n***\n___",
      "- item\n+ item\n* item\n1. item\n2) item\n123456789. item\n10000000000. x\n- [ ] task",
      "    indented\n\ttab\n> quote\n    > quote\n  two  \n   \ntrailing\\\nend\\",
      "| a | b |\n|---|---|\n| 1 | 2 |\na | b\n-|-\n1 | 2",
      "```\nfence\n```\n~~~\nfence\n~~~\n<div>\nhtml\n</div>\n<!-- x",
      "www.example.org WWW.example.org ftp://example.org mailto:a@example.org xmpp:a@b",
      "{{ site.x }} {% include x %} $x^2$ [^1] [^1]: note :smile: @ada C# F #",
      "https://example.org/a_b_c*d*?x=`y`&copy;=1&amp;lt;#f) https://example.org/(a)_(b)).",
      "https://example.org/\xE2\x80\xAE"
      "gpj.exe and \xE2\x80\xAE"
      "reversed",
      "nul \0 bell \x07 escape \x1b[31m del \x7f nel \xC2\x85 csi \xC2\x9b"s,
      "bad \xFF\xFE utf \xC3( 8 \xED\xA0\x80 \xF4\x90\x80\x80 \xE2\x82 \xC0\xAF",
      "\xEF\xBF\xBE nonchar \xEF\xB7\x90 \xF0\x9F\xBF\xBF",
      "a\r\nb\rc\xE2\x80\xA8"
      "d\xE2\x80\xA9"
      "e",
      "#\xE0\xA4\xB9\xE0\xA4\xBF\xE0\xA4\xA8\xE0\xA5\x8D\xE0\xA4\xA6\xE0\xA5\x80 "
      "\xD8\xB3\xD9\x84\xD8\xA7\xD9\x85 #\xE6\x97\xA5\xE6\x9C\xAC "
      "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB",
      "look!https://example.org/?a=1&b=2",
      "\n\n\n",
      "",
  };
  return texts;
}

/// A post that has `text` in every field.
inline Post hostile_post(std::string_view text) {
  Post post;
  post.post_id = text;
  post.source = text;
  post.author = text;
  post.author_name = text;
  post.lang = text;
  post.url = text;
  post.text = text;
  post.hashtags = {text, text};
  post.media = {{text, text, text}, {"", "", ""}};
  return post;
}

}  // namespace pullwire::republisher
