"""A source that never answers takes nothing from the others."""

import time
import unittest

from live.case import TAG, LiveTest, feed, mastodon
from live.faults import Plan
from live.feeds import Feed, Feeds
from live.mastodon import Mastodon

SECONDS = 5.0
ROUNDS = 2
ANSWER_S = 0.05  # the server's time for an answer: what limits the throughput here
LEAST = 0.95


class HangingTest(LiveTest):
    def test_it_slows_nobody_down(self):
        alone, beside = 0.0, 0.0
        for _ in range(ROUNDS):
            alone += self.rate(hanging=0)
            beside += self.rate(hanging=3)
        self.assertGreaterEqual(beside, LEAST * alone,
                                f"{beside / ROUNDS:.1f} posts/s beside it, {alone / ROUNDS:.1f} alone")

    def rate(self, hanging: int) -> float:
        """Posts a second from a source that always has more."""
        site = Mastodon()
        start = time.time() - 3600
        for number in range(6_000):
            site.add(f"post {number} #{TAG}", at=start + number / 10)
        good = self.stand_in(site, delay=ANSWER_S)
        hung = []
        for _ in range(hanging):
            stand_in = self.stand_in(Feeds(feed=Feed()))
            stand_in.faults = Plan(*["hang"] * 1000)
            hung.append(stand_in)
        pipeline = self.pipeline(
            *(feed(one, name=f"hung{number}", timeout=20) for number, one in enumerate(hung)),
            mastodon(good, name="good", backfill="all"))
        self.until(lambda: len(good.requests) >= 3 and all(one.requests for one in hung), 20,
                   "all are asked")
        begin, first = time.monotonic(), pipeline.metric("source_posts_total", source="good")
        time.sleep(SECONDS)
        last = pipeline.metric("source_posts_total", source="good")
        seconds = time.monotonic() - begin
        self.assertEqual([len(one.requests) for one in hung], [1] * hanging)
        pipeline.stop()
        return (last - first) / seconds


if __name__ == "__main__":
    unittest.main()
