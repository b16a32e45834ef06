"""A target's rate holds for the whole pipeline, whatever the number of its republishers."""

import os
import time
import unittest

from live.case import LiveTest
from live.hook import SECRET, Hook

RATE = float(os.environ.get("LIVE_RATE", 20))           # publications a second
PHASE_S = float(os.environ.get("LIVE_RATE_PHASE", 4))   # with 1, 8 and 2 republishers
MOST = 8
JOINING_S = 3.5   # in which one that has joined publishes nothing yet


class RateTest(LiveTest):
    def test_it_holds_while_republishers_come_and_go(self):
        stand_in = self.stand_in(Hook())
        pipeline = self.pipeline(
            {"uri": f"simulated:?rate={RATE * 4}", "name": "s"}, hashtags=["one"], start=False,
            targets=[{"name": "hook", "uri": f"webhook+http://{stand_in.host}/in",
                      "formats": ["text"], "secret": SECRET, "rate": RATE, "defer_after": 3600}])
        others = [f"republisher-{number}" for number in range(2, MOST + 1)]
        pipeline.start()
        self.until(lambda: stand_in.requests, 20, "the first has begun")
        time.sleep(PHASE_S)
        pipeline.start(*others)
        time.sleep(JOINING_S + PHASE_S)
        for one in others[1:]:
            pipeline.kill(one)   # nobody says that it has gone
        time.sleep(JOINING_S + PHASE_S)
        times = [one.time for one in stand_in.requests]
        pipeline.stop("ingestor", "republisher", others[0], "reporter")

        for window in (1.0, 2.0, PHASE_S):
            most = max(sum(start <= one < start + window for one in times) for start in times)
            self.assertLessEqual(most, RATE * window + MOST, f"in {window} s")
            print(f"\nat most {most} in {window:g} s", end="")
        # And it is used: by the end two publish what one did.
        last = times[-1]
        self.assertGreater(sum(one > last - PHASE_S / 2 for one in times), 0.9 * RATE * PHASE_S / 2)
        received = [message["data"]["post_id"] for message in stand_in.site.messages.values()]
        self.assertEqual(len(received), len(set(received)))


if __name__ == "__main__":
    unittest.main()
