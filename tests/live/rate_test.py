"""A target's rate holds for the whole pipeline, whatever the number of its republishers."""

import os
import time
import unittest

from live.case import LiveTest
from live.hook import SECRET, Hook
from live.stand_in import Answer

RATE = float(os.environ.get("LIVE_RATE", 20))           # publications a second
PHASE_S = float(os.environ.get("LIVE_RATE_PHASE", 4))   # with 1, 8 and 2 republishers
MOST = 8
CLOSED_S = 5.0    # by the platform's word
HEARD_S = 1.5     # by then the other republishers know of it, by way of the reporter
JOINING_S = 3.5   # in which one that has joined publishes nothing yet


class Throttling(Hook):
    """Says 429 to one request, when it is told to."""

    def __init__(self):
        super().__init__()
        self.armed, self.said_at = False, 0.0

    def answer(self, request) -> Answer:
        if not self.armed:
            return super().answer(request)
        self.armed, self.said_at = False, time.time()
        return Answer(429, b"", {"Retry-After": str(int(CLOSED_S))})


class RateTest(LiveTest):
    def test_a_429_closes_the_target_for_all_republishers(self):
        site = Throttling()
        stand_in = self.stand_in(site)
        pipeline = self.pipeline(
            {"uri": "simulated:?rate=100", "name": "s"}, hashtags=["one"], start=False,
            targets=[{"name": "hook", "uri": f"webhook+http://{stand_in.host}/in",
                      "formats": ["text"], "secret": SECRET, "defer_after": 3600}])
        stages = ("ingestor", "republisher", "republisher-2", "republisher-3", "reporter")
        pipeline.start(*stages)
        self.until(lambda: len(stand_in.requests) > 100, 20, "all have begun")
        site.armed = True
        self.until(lambda: site.said_at and time.time() > site.said_at + CLOSED_S + 2, 20, "it")
        pipeline.stop(*stages)
        after = [one.time - site.said_at for one in stand_in.requests]
        heard = [one for one in after if HEARD_S < one < CLOSED_S]
        self.assertEqual(heard, [], "asked though it had said when")
        self.assertTrue(any(CLOSED_S <= one < CLOSED_S + 1.5 for one in after))

    def test_it_holds_while_republishers_come_and_go(self):
        stand_in = self.stand_in(Hook())
        pipeline = self.pipeline(
            {"uri": f"simulated:?rate={RATE * 4}", "name": "s"}, hashtags=["one"], start=False,
            max_demand=20,  # so that what is in hand at the end is out in time
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
