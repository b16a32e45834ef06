#include "common/flow/sequence.hpp"

#include <random>
#include <set>

#include "tests/catch.hpp"

using namespace pullwire::flow;

namespace {

using Ranges = std::vector<SeqRange>;

/// The new part of each range that was added.
Ranges fresh(SeqSet& set, SeqRange range) {
  Ranges parts;
  set.add(range, &parts);
  return parts;
}

}  // namespace

TEST_CASE("a set that fills up in order is one number", "[sequence]") {
  SeqSet set;
  CHECK(fresh(set, {1, 3}) == Ranges{{1, 3}});
  CHECK(fresh(set, {4, 4}) == Ranges{{4, 4}});
  CHECK(set.cum() == 4);
  CHECK(set.count() == 4);
  CHECK(set.ranges_above(set.cum()).empty());
}

TEST_CASE("a gap that closes raises the cumulative number over all that follows", "[sequence]") {
  SeqSet set;
  set.add({2, 3});
  set.add({5, 6});
  CHECK(set.cum() == 0);
  CHECK(set.count() == 4);
  CHECK(set.ranges_above(0) == Ranges{{2, 3}, {5, 6}});
  CHECK(fresh(set, {4, 4}) == Ranges{{4, 4}});
  CHECK(set.ranges_above(0) == Ranges{{2, 6}});
  CHECK(fresh(set, {1, 1}) == Ranges{{1, 1}});
  CHECK(set.cum() == 6);
}

TEST_CASE("only what is new in an overlapping range is reported", "[sequence]") {
  SeqSet set;
  set.add({3, 4});
  set.add({7, 8});
  CHECK(fresh(set, {1, 10}) == Ranges{{1, 2}, {5, 6}, {9, 10}});
  CHECK(set.add({1, 10}) == 0);
}

TEST_CASE("ranges above a floor are cut at it", "[sequence]") {
  SeqSet set;
  set.add({1, 4});
  set.add({6, 9});
  CHECK(set.ranges_above(2) == Ranges{{3, 4}, {6, 9}});
  CHECK(set.ranges_above(7) == Ranges{{8, 9}});
  CHECK(set.ranges_above(9).empty());
}

TEST_CASE("a set of sequence numbers agrees with a plain set", "[sequence]") {
  std::mt19937 random{7};
  for (int history = 0; history < 300; ++history) {
    SeqSet set;
    std::set<Seq> plain;
    for (int step = 0; step < 25; ++step) {
      const Seq first = 1 + random() % 40;
      const Seq last = first + random() % 6;
      std::set<Seq> expected;
      for (Seq seq = first; seq <= last; ++seq) {
        if (plain.insert(seq).second) expected.insert(seq);
      }
      Ranges parts;
      REQUIRE(set.add({first, last}, &parts) == expected.size());
      std::set<Seq> reported;
      for (const SeqRange& part : parts) {
        for (Seq seq = part.first; seq <= part.last; ++seq) reported.insert(seq);
      }
      REQUIRE(reported == expected);
      REQUIRE(set.count() == plain.size());
      bool agree = true;
      for (Seq seq = 0; seq < 50; ++seq) agree &= set.contains(seq) == plain.contains(seq);
      REQUIRE(agree);
    }
  }
}
