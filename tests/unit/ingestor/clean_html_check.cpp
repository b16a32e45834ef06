#include "tests/unit/ingestor/clean_html_check.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include <pugixml.hpp>

namespace pullwire::tests {
namespace {

using Names = std::set<std::string>;

const Names kBlocks{"p",          "h1",     "h2", "h3", "h4", "h5", "h6",   "pre",
                    "blockquote", "figure", "ul", "ol", "dl", "hr", "table"};
const Names kInlines{"a",   "abbr", "b", "bdi",  "br", "cite",  "code",   "del", "em",  "i", "ins",
                     "kbd", "mark", "q", "samp", "s",  "small", "strong", "sub", "sup", "u", "var"};

/// Which elements each may hold; text is allowed where inline elements are.
Names children_of(const std::string& name) {
  static const std::map<std::string, Names> structures{{"ul", {"li", "ul", "ol"}},
                                                       {"ol", {"li", "ul", "ol"}},
                                                       {"dl", {"dt", "dd"}},
                                                       {"table", {"tr"}},
                                                       {"tr", {"td", "th"}},
                                                       {"br", {}},
                                                       {"hr", {}}};
  if (const auto found = structures.find(name); found != structures.end()) return found->second;
  static const Names lines{"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre"};
  Names allowed = kInlines;
  if (lines.count(name) == 1 || kInlines.count(name) == 1) return allowed;
  allowed.insert(kBlocks.begin(), kBlocks.end());
  if (name == "figure") allowed.insert("figcaption");
  return allowed;
}

bool holds_text(const std::string& name) {
  return children_of(name).count("b") == 1;
}

/// By characters, not by parsing: what a URL must begin with and may not hold.
bool is_harmless(std::string_view url) {
  const bool web = url.starts_with("http://") || url.starts_with("https://");
  if (!web && !url.starts_with("mailto:")) return false;
  const std::string_view rest = url.substr(url.find(':') + 1);
  if (web) {
    const std::string_view host = rest.substr(2, rest.substr(2).find_first_of("/?#"));
    if (host.empty() || host.find_first_of("@\\") != std::string_view::npos) return false;
  }
  return !rest.empty() && std::all_of(rest.begin(), rest.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
  });
}

std::string attribute_fault(const std::string& element, const pugi::xml_attribute& attribute) {
  const std::string name = attribute.name();
  const std::string value = attribute.value();
  if (name == "href" && element == "a") {
    return is_harmless(value) ? "" : "href=" + value;
  }
  if (name == "rel" && element == "a") return value == "nofollow noopener noreferrer" ? "" : name;
  if (name == "dir") return value == "ltr" || value == "rtl" || value == "auto" ? "" : name;
  if (name == "lang") {
    return value.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") ==
                   std::string::npos
               ? ""
               : name;
  }
  return name == "title" ? "" : "attribute " + name;
}

struct Checker : pugi::xml_tree_walker {
  bool for_each(pugi::xml_node& node) override {
    const std::string parent = depth() == 0 ? "div" : node.parent().name();
    if (node.type() == pugi::node_pcdata) {
      if (!holds_text(parent)) faults.push_back("text in " + parent);
      return true;
    }
    if (node.type() != pugi::node_element) {
      faults.push_back("a node of type " + std::to_string(node.type()));
      return true;
    }
    const std::string name = node.name();
    if (children_of(parent).count(name) == 0) faults.push_back(name + " in " + parent);
    for (auto up = node.parent(); up; up = up.parent()) {
      if (name == "a" && up.name() == name) faults.push_back("a in a");
    }
    for (const pugi::xml_attribute attribute : node.attributes()) {
      const std::string fault = attribute_fault(name, attribute);
      if (!fault.empty()) faults.push_back(name + ": " + fault);
    }
    if (name == "a" && !node.attribute("href")) faults.push_back("a without href");
    const bool empty = name == "br" || name == "hr";
    if (empty == static_cast<bool>(node.first_child())) faults.push_back(name + " empty or not");
    return true;
  }
  std::vector<std::string> faults;
};

pugi::xml_parse_result parse(const std::string& html, pugi::xml_document& document) {
  const std::string whole = "<div>" + html + "</div>";
  return document.load_buffer(whole.data(), whole.size(), pugi::parse_full | pugi::parse_ws_pcdata,
                              pugi::encoding_utf8);
}

}  // namespace

std::vector<std::string> faults_of(const std::string& html) {
  pugi::xml_document document;
  const auto result = parse(html, document);
  if (!result) return {std::string{"not well-formed: "} + result.description()};
  if (document.first_child().next_sibling()) return {"more than one fragment"};
  Checker checker;
  document.first_child().traverse(checker);
  for (const char c : html) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) {
      checker.faults.push_back("control character " + std::to_string(byte));
    }
  }
  return checker.faults;
}

std::string text_of(const std::string& html) {
  pugi::xml_document document;
  parse(html, document);
  struct Walker : pugi::xml_tree_walker {
    bool for_each(pugi::xml_node& node) override {
      text += node.value();
      return true;
    }
    std::string text;
  } walker;
  document.traverse(walker);
  return walker.text;
}

std::vector<std::string> links_of(const std::string& html) {
  pugi::xml_document document;
  parse(html, document);
  std::vector<std::string> links;
  for (const auto& found : document.select_nodes("//a")) {
    links.emplace_back(found.node().attribute("href").value());
  }
  return links;
}

}  // namespace pullwire::tests
