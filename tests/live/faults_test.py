"""A thousand spoilt answers: no post is lost or doubled, nothing crashes, memory stays bounded."""

import os
import time
import unittest
from collections import Counter

from live.bluesky import Bluesky
from live.case import TAG, TOKEN, LiveTest, bluesky, feed, mastodon, x
from live.faults import FAULTS, Plan
from live.feeds import Feed, Feeds
from live.mastodon import Mastodon
from live.x import X

FAULTS_IN_ALL = int(os.environ.get("LIVE_FAULTS", 1000))
SOURCES_OF_A_KIND = 10
POSTS_OF_A_SOURCE = 120
MEMORY_KIB = 256 << 10
CHANCE, AGAIN = 0.9, 0.2  # that an answer is spoilt; that the next one is, too
PATIENCE_S = 150


class FaultsTest(LiveTest):
    def test_a_thousand_faults_lose_and_double_nothing(self):
        sites, stand_ins, sources = {}, [], []
        each = FAULTS_IN_ALL // (4 * SOURCES_OF_A_KIND)
        for number in range(SOURCES_OF_A_KIND):
            for name, site, source in (("x", X(TOKEN), x), ("mastodon", Mastodon(), mastodon),
                                       ("bluesky", Bluesky(), bluesky), ("feed", Feed(), feed)):
                stand_in = self.stand_in(Feeds(feed=site) if name == "feed" else site)
                stand_in.faults = Plan(chance=CHANCE, again=AGAIN, seed=len(stand_ins),
                                       most=each)
                stand_ins.append(stand_in)
                sites[f"{name}{number}"] = site
                sources.append(source(stand_in, name=f"{name}{number}", backfill="all",
                                      connect_timeout=2, timeout=1))
        pipeline = self.pipeline(*sources)
        expected = []
        began = time.monotonic()
        for post in range(POSTS_OF_A_SOURCE):
            expected += [f"{name}:{site.add(f'post {post} #{TAG}')}"
                         for name, site in sites.items()]
            time.sleep(0.1)
        self.until(lambda: all(len(one.faults.done) >= each for one in stand_ins), PATIENCE_S,
                   "all faults are done")
        self.assert_each_once(pipeline, expected, 60)
        pipeline.stop()
        done = Counter(fault for one in stand_ins for fault in one.faults.done)
        self.assertEqual(set(done), set(FAULTS))
        print(f"\n{done.total()} faults of {len(done)} kinds in "
              f"{time.monotonic() - began:.0f} s, {len(expected)} posts, ingestor's peak "
              f"{pipeline.peak_kib >> 10} MiB")
        self.assertLess(pipeline.peak_kib, MEMORY_KIB)


if __name__ == "__main__":
    unittest.main()
