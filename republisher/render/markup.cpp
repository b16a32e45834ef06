#include "republisher/render/markup.hpp"

#include <array>
#include <utility>

#include <sodium.h>

#include "republisher/render/plain.hpp"
#include "republisher/render/segments.hpp"

namespace pullwire::republisher {
namespace {

// Must hold none of < > &, which HTML would not unescape inside <style>.
constexpr std::string_view kStyle =
    ":root{color-scheme:light dark;--ink:#1c1e21;--soft:#5d646d;--line:#dfe3e8;--paper:#fbfbfa;"
    "--card:#fff;--link:#0b57b0;--chip:#eef2f7}"
    "@media (prefers-color-scheme:dark){:root{--ink:#e7e9ea;--soft:#9aa4af;--line:#2f353c;"
    "--paper:#14171a;--card:#1b1f23;--link:#7db7ff;--chip:#262c33}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--paper);color:var(--ink);"
    "font:1.0625rem/1.6 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}"
    "main{max-width:43rem;margin:0 auto;padding:1.5rem 1rem 3rem}"
    "a{color:var(--link);text-underline-offset:.15em}"
    "a:focus-visible{outline:2px solid var(--link);outline-offset:2px}"
    "h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0 1.25rem}"
    "article{background:var(--card);border:1px solid var(--line);border-radius:.75rem;"
    "padding:1.1rem 1.25rem;margin:0 0 1rem}"
    "header{display:flex;flex-wrap:wrap;gap:0 .6rem;align-items:baseline;"
    "border:0;margin:0 0 .5rem}"
    ".name{font-weight:650;overflow-wrap:anywhere}"
    ".handle,time,.alt,footer,nav{color:var(--soft);font-size:.9rem;overflow-wrap:anywhere}"
    "time{margin-inline-start:auto}"
    "time a{color:inherit}"
    "p{margin:0 0 .9rem;white-space:pre-wrap;overflow-wrap:anywhere}"
    ".top{display:flex;justify-content:space-between;align-items:baseline;gap:1rem}"
    ".post p{font-size:1.1875rem}"
    ".post .alt p{font-size:.9375rem;margin:0}"
    ".tag{color:var(--link)}"
    "ul{list-style:none;margin:.25rem 0 .75rem;padding:0}"
    ".tags,.formats{display:flex;flex-wrap:wrap;gap:.35rem}"
    ".tags li,.formats a{background:var(--chip);border-radius:1rem;padding:.05rem .65rem;"
    "font-size:.85rem;overflow-wrap:anywhere;text-decoration:none}"
    ".media li{border-inline-start:3px solid var(--line);padding-inline-start:.75rem;"
    "margin:0 0 .5rem}"
    "footer{border-top:1px solid var(--line);padding-top:.7rem;margin-top:.9rem}"
    ".formats{margin:0}"
    "nav{display:flex;justify-content:space-between;gap:1rem;margin:1rem 0}"
    "@media print{article{border:0;padding:0}body{background:none}}";

/// Behind kStyle: for a body that has more than paragraphs.
constexpr std::string_view kHtmlStyle =
    ".body{overflow-wrap:anywhere}"
    ".body :is(h1,h2,h3,h4,h5,h6){font-size:1.25rem;line-height:1.3;margin:1.2rem 0 .5rem}"
    ".body :is(ul,ol){margin:0 0 .9rem;padding-inline-start:1.5rem}"
    ".body ul{list-style:disc}"
    ".body :is(dd,figure){margin:0 0 .9rem}"
    ".body blockquote{border-inline-start:3px solid var(--line);margin:0 0 .9rem;"
    "padding-inline-start:.9rem}"
    ".body pre{overflow-x:auto;font-size:.9rem}"
    ".body table{border-collapse:collapse;display:block;overflow-x:auto;margin:0 0 .9rem}"
    ".body :is(td,th){border:1px solid var(--line);padding:.25rem .5rem;text-align:start}"
    ".body hr{border:0;border-top:1px solid var(--line)}";

struct Styled {
  /// CSP 3, 2.3.1: the style by its hash, so that no other style can slip in.
  explicit Styled(std::string css) : style{std::move(css)} {
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(style.data()),
                       style.size());
    std::array<char,
               sodium_base64_ENCODED_LEN(crypto_hash_sha256_BYTES, sodium_base64_VARIANT_ORIGINAL)>
        base64{};
    sodium_bin2base64(base64.data(), base64.size(), digest.data(), digest.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    policy = "default-src 'none'; style-src 'sha256-" + std::string(base64.data()) +
             "'; base-uri 'none'; form-action 'none'";
  }
  std::string style;
  std::string policy;
};

const Styled& styled(PageStyle style) {
  static const Styled text{std::string{kStyle}};
  static const Styled html{std::string{kStyle}.append(kHtmlStyle)};
  return style == PageStyle::Html ? html : text;
}

void add_line(pugi::xml_node paragraph, std::string_view line) {
  for (const Segment& segment : split_segments(line)) {
    switch (segment.kind) {
      case SegmentKind::Text: add_text(paragraph, segment.text); break;
      case SegmentKind::Link: add_link(paragraph, segment.text, segment.text); break;
      case SegmentKind::Hashtag: add_element(paragraph, "span", segment.text, "tag"); break;
    }
  }
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t") == std::string_view::npos;
}

class StringWriter : public pugi::xml_writer {
 public:
  explicit StringWriter(std::string& out) : out_{out} {}
  void write(const void* data, std::size_t size) override {
    out_.append(static_cast<const char*>(data), size);
  }

 private:
  std::string& out_;
};

}  // namespace

pugi::xml_node add_element(pugi::xml_node parent, const char* name, std::string_view text,
                           const char* css_class) {
  pugi::xml_node node = parent.append_child(name);
  if (css_class != nullptr) node.append_attribute("class").set_value(css_class);
  // An empty text child makes pugixml write an end tag.
  add_text(node, text);
  return node;
}

pugi::xml_node add_void(pugi::xml_node parent, const char* name) {
  return parent.append_child(name);
}

void add_text(pugi::xml_node parent, std::string_view text) {
  parent.append_child(pugi::node_pcdata).set_value(std::string(text).c_str());
}

void set(pugi::xml_node node, const char* attribute, std::string_view value) {
  node.append_attribute(attribute).set_value(std::string(value).c_str());
}

pugi::xml_node begin_page(pugi::xml_document& page, std::string_view title, std::string_view lang,
                          PageStyle style) {
  const Styled& look = styled(style);
  page.append_child(pugi::node_doctype).set_value("html");
  pugi::xml_node html = add_element(page, "html");
  // The empty string says that the language is unknown (HTML, 3.2.6.2).
  set(html, "lang", is_language_tag(lang) ? lang : "");
  pugi::xml_node head = add_element(html, "head");
  set(add_void(head, "meta"), "charset", "utf-8");
  const auto meta = [&](const char* kind, const char* name, std::string_view content) {
    pugi::xml_node node = add_void(head, "meta");
    set(node, kind, name);
    set(node, "content", content);
  };
  meta("http-equiv", "Content-Security-Policy", look.policy);
  meta("name", "viewport", "width=device-width, initial-scale=1");
  meta("name", "referrer", "no-referrer");
  add_element(head, "title", title);
  add_element(head, "style", look.style);
  return add_element(add_element(html, "body"), "main");
}

bool read_html(std::string_view html, pugi::xml_document& document) {
  // Neither comments nor declarations; as a fragment it may begin and end with text.
  const unsigned options = pugi::parse_fragment | pugi::parse_escapes | pugi::parse_ws_pcdata;
  return static_cast<bool>(
      document.load_buffer(html.data(), html.size(), options, pugi::encoding_utf8));
}

void add_html(pugi::xml_node parent, const pugi::xml_document& html) {
  pugi::xml_node body = parent.append_child("div");
  set(body, "class", "body");
  set(body, "dir", "auto");
  for (const pugi::xml_node node : html.children()) body.append_copy(node);
  // Elements that are empty need an end tag in HTML, except these.
  for (const auto& found : body.select_nodes(".//*[not(node())][not(self::br|self::hr)]")) {
    add_text(found.node(), {});
  }
}

void add_link(pugi::xml_node parent, std::string_view url, std::string_view text) {
  if (!is_web_url(url)) return add_text(parent, text);
  pugi::xml_node link = add_element(parent, "a", text);
  set(link, "href", url);
  set(link, "rel", "nofollow noopener noreferrer");
}

void add_author(pugi::xml_node parent, std::string_view author_name, std::string_view author,
                std::string_view source) {
  const std::string name = display_name(author_name, author, source);
  add_element(parent, "bdi", name, "name");
  const std::string handle = display_handle(handle_beside(author, author_name));
  if (handle.empty() || handle == name) return;
  add_text(parent, " ");  // for who reads without the style
  add_element(parent, "bdi", handle, "handle");
}

pugi::xml_node add_time(pugi::xml_node parent, Timestamp time) {
  pugi::xml_node node = add_element(parent, "time");
  set(node, "datetime", to_text(time).substr(0, 19) + "Z");
  return node;
}

void add_paragraphs(pugi::xml_node parent, std::string_view text) {
  pugi::xml_node paragraph;
  for (const std::string_view line : split_lines(text)) {
    if (is_blank(line)) {
      paragraph = {};
      continue;
    }
    if (paragraph) {
      add_void(paragraph, "br");
    } else {
      paragraph = add_element(parent, "p");
      set(paragraph, "dir", "auto");
    }
    add_line(paragraph, line);
  }
}

std::string to_html(const pugi::xml_node& root) {
  std::string html;
  StringWriter writer{html};
  const unsigned format = pugi::format_raw | pugi::format_no_declaration;
  if (root.type() == pugi::node_document) {
    root.print(writer, "", format, pugi::encoding_utf8);
  } else {
    for (const pugi::xml_node child : root.children()) {
      child.print(writer, "", format, pugi::encoding_utf8);
    }
  }
  return html;
}

}  // namespace pullwire::republisher
