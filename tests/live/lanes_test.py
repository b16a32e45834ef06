"""A target that takes nothing holds up no other."""

import time
import unittest

from live.case import LiveTest
from live.hook import SECRET, Hook

SECONDS = 6.0
ROUNDS = 2
COST_MS = 4        # of the target that works: what limits the throughput here
LEAST = 0.95
MAX_DEMAND = 20


class LanesTest(LiveTest):
    def test_it_slows_nobody_down(self):
        alone, beside = 0.0, 0.0
        for _ in range(ROUNDS):
            alone += self.rate(dead=0)
            beside += self.rate(dead=2)
        print(f"\n{beside / ROUNDS:.1f} publications/s beside two dead targets, "
              f"{alone / ROUNDS:.1f} alone", end="")
        self.assertGreaterEqual(beside, LEAST * alone)

    def rate(self, dead: int) -> float:
        """Publications a second of a target that works."""
        targets = [{"name": "good", "uri": f"null:?cost_ms={COST_MS}", "formats": ["text"]}]
        for number in range(dead):
            hole = self.stand_in(Hook(), delay=3600)
            targets.append({"name": f"dead{number}", "uri": f"webhook+http://{hole.host}/in",
                            "formats": ["text", "pdf"], "secret": SECRET, "timeout": 30})
        pipeline = self.pipeline({"uri": "simulated:", "name": "s"}, hashtags=["one"],
                                 targets=targets, max_demand=MAX_DEMAND)

        def published() -> int:
            return sum(row == ("good", "published") for row in
                       pipeline.publications("target, status"))

        self.until(lambda: pipeline.posts() and published() > 50, 30, "it runs")
        began, first = time.monotonic(), published()
        time.sleep(SECONDS)
        last, seconds = published(), time.monotonic() - began
        if dead:
            others = {row[:2] for row in pipeline.publications("target, status, error, retry_at")
                      if row[0] != "good" and row[2] and row[3]}
            self.assertEqual(others, {("dead0", "deferred"), ("dead1", "deferred")})
        pipeline.abandon()  # draining waits for what the dead ones may still answer
        return (last - first) / seconds


if __name__ == "__main__":
    unittest.main()
