"""A target that is a black hole for a while: the others go on, and it gets all it lacks afterwards,
at its own pace."""

import os
import subprocess
import time
import unittest

from live.case import LiveTest
from live.hook import SECRET, Hook

OUTAGE_S = float(os.environ.get("LIVE_OUTAGE", 8))
POSTS_A_SECOND = 40
RATE = 60.0          # of the target, a second: what is new, and what comes back
BEFORE_S = 5.0       # a target with a rate begins 3 s after its republisher
PATIENCE_S = 60.0


class OutageTest(LiveTest):
    def test_what_waits_is_deferred_and_comes_back_at_the_target_s_pace(self):
        stand_in = self.stand_in(Hook())
        count = int((BEFORE_S + OUTAGE_S + 4) * POSTS_A_SECOND)
        pipeline = self.pipeline(
            {"uri": f"simulated:?rate={POSTS_A_SECOND}&count={count}", "name": "s"},
            {"uri": "replay:reports.db?target=hook", "name": "again"},
            hashtags=["one"], exit_when_done=True, max_demand=60,
            targets=[{"name": "good", "uri": "null:", "formats": ["text"]},
                     {"name": "hook", "uri": f"webhook+http://{stand_in.host}/in",
                      "formats": ["text"], "secret": SECRET, "timeout": 1.0, "rate": RATE,
                      "defer_after": 2}])
        self.until(lambda: len(stand_in.requests) > POSTS_A_SECOND, 20, "the target is used")
        time.sleep(BEFORE_S - 3)
        stand_in.delay = 3600.0
        before, began = self.published(pipeline, "good"), time.monotonic()
        time.sleep(OUTAGE_S)
        during = self.published(pipeline, "good") - before
        seconds = time.monotonic() - began
        listed = subprocess.run(pipeline.command("reporter", "--list", "deferred"), text=True,
                                capture_output=True, check=True, cwd=pipeline.folder,
                                timeout=30).stdout.splitlines()
        self.assertGreater(len(listed), POSTS_A_SECOND)
        stand_in.delay = 0.0
        self.until(lambda: not pipeline.alive("ingestor"), PATIENCE_S + 3 * OUTAGE_S,
                   "the ingestor has ended by itself")
        took = time.monotonic() - began - OUTAGE_S
        pipeline.stop()
        print(f"\n{during / seconds:.1f} posts/s elsewhere during the outage, {len(listed) - 1} "
              f"publications deferred by its end, all out {took:.0f} s later", end="")
        # The source gives so many a second: the others have got them all.
        self.assertGreater(during / seconds, 0.95 * POSTS_A_SECOND)
        self.assertEqual({row[:2] for row in pipeline.publications("target, status")},
                         {("good", "published"), ("hook", "published")})
        self.assertEqual(len(pipeline.publications()), 2 * count)
        received = [one["data"]["post_id"] for one in stand_in.site.messages.values()]
        self.assertEqual(len(received), count)
        self.assertEqual(stand_in.site.deliveries, count)  # none twice: an answer is never lost
        times = [one.time for one in stand_in.requests]
        for window in (1.0, 5.0):
            most = max(sum(start <= one < start + window for one in times) for start in times)
            self.assertLessEqual(most, RATE * window + 1, f"in {window} s")

    @staticmethod
    def published(pipeline, target: str) -> int:
        return sum(row == (target, "published")
                   for row in pipeline.publications("target, status"))


if __name__ == "__main__":
    unittest.main()
