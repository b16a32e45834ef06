#include "republisher/publish/directory_journal.hpp"

#include <fstream>
#include <string>
#include <vector>

#include "tests/catch.hpp"
#include "tests/temp_dir.hpp"

using namespace pullwire::republisher;

namespace {

using Strings = std::vector<std::string>;

struct Book {
  pullwire::tests::TempDir folder;
  std::filesystem::path path = folder.path() / "journal";
  Journal journal{path};

  Strings read(Journal& from) {
    Strings keys;
    const auto take = [&](const Journal::Line& line) { keys.emplace_back(line.key); };
    if (!from.read_new(take)) keys.emplace_back("anew");
    return keys;
  }
  Strings read() { return read(journal); }

  void scribble(std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::app) << bytes;
  }
};

}  // namespace

TEST_CASE("a line is read once, by each who reads", "[journal]") {
  Book book;
  Journal other{book.path};
  book.journal.append("html", "a", "{}");
  other.append("text", "b", "");
  CHECK(book.read() == Strings{"a", "b"});
  CHECK(book.read().empty());
  book.journal.append("html", "c", "");
  CHECK(book.read() == Strings{"c"});
  CHECK(book.read(other) == Strings{"a", "b", "c"});
}

TEST_CASE("a line can be read again where it stands", "[journal]") {
  Book book;
  book.journal.append("html", "a", "{\"x\":\"y z\"}");
  Journal::Line seen{};
  REQUIRE(book.journal.read_new([&](const Journal::Line& line) { seen = line; }));
  book.journal.read_line(seen.offset, seen.size, [](const Journal::Line& line) {
    CHECK(line.format == "html");
    CHECK(line.key == "a");
    CHECK(line.details == "{\"x\":\"y z\"}");
  });
  CHECK_THROWS(book.journal.read_line(seen.offset + 1, seen.size, [](const Journal::Line&) {}));
}

TEST_CASE("a line torn anywhere spoils no other", "[journal]") {
  Book whole;
  whole.journal.append("html", "torn", "{\"text\":\"some\"}");
  const std::string line = pullwire::tests::read_file(whole.path);
  for (std::size_t size = 0; size < line.size(); ++size) {
    Book book;
    book.journal.append("html", "before", "");
    book.scribble(line.substr(0, size));
    CAPTURE(size);
    CHECK(book.read().front() == "before");  // and the torn one, if only its last newline lacks
    book.journal.append("html", "after", "");
    const Strings rest = book.read();
    REQUIRE_FALSE(rest.empty());
    CHECK(rest.back() == "after");
    CHECK(rest.size() == (size + 1 == line.size() ? 2 : 1));
  }
}

TEST_CASE("what is no line of the journal is passed over", "[journal]") {
  Book book;
  book.scribble("rubbish\n00000000 html x\n\n\n" + std::string(3 << 20, 'x'));
  book.journal.append("html", "a", "");
  CHECK(book.read() == Strings{"a"});
}

TEST_CASE("a journal that was removed or cut is read from its start", "[journal]") {
  Book book;
  book.journal.append("html", "a", "");
  CHECK(book.read() == Strings{"a"});
  std::filesystem::resize_file(book.path, 0);
  CHECK(book.read() == Strings{"anew"});
  book.journal.append("html", "b", "");
  CHECK(book.read() == Strings{"b"});
  std::filesystem::remove(book.path);
  CHECK(book.read() == Strings{"anew"});
  book.journal.append("html", "c", "");
  CHECK(book.read() == Strings{"c"});
}
