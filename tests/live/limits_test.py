"""Rate limits: waited for to the second, and spread over their window; and no request at all
without somebody who can use what it brings."""

import email.utils
import json
import time
import unittest
from datetime import datetime, timezone

from live.bluesky import Bluesky
from live.case import TAG, TOKEN, LiveTest, bluesky, feed, mastodon, x
from live.feeds import Feed, Feeds
from live.mastodon import Mastodon
from live.stand_in import Answer, Budget
from live.x import X

WAIT_S = 30
LATE_S = 1.5
BUDGET, WINDOW_S = 15, 30
QUIET_S = 3.0


class Refusing:
    """In front of a site: after `good` answers 429 until WAIT_S later, told by `say(until)`."""

    def __init__(self, site, say, good: int = 3):
        self.site, self._say, self._good = site, say, good
        self.until = 0.0
        self.refused: list[float] = []
        self.after: list[float] = []

    def answer(self, request):
        if not self.until and self._good:
            self._good -= 1
            return self.site.answer(request)
        if not self.until:
            # Whole seconds, which is all that some forms have; until then it is refused.
            self.until = float(int(time.time()) + WAIT_S + 1)
        if request.time < self.until:
            self.refused.append(request.time)
            body = json.dumps({"errors": [{"code": 88, "message": "Rate limit exceeded"}]})
            return Answer(429, body.encode(), self._say(self.until))
        self.after.append(request.time)
        return self.site.answer(request)


def as_seconds(until: float) -> dict[str, str]:
    return {"Retry-After": str(-int(-(until - time.time()) // 1))}


def as_date(until: float) -> dict[str, str]:
    return {"Retry-After": email.utils.formatdate(until, usegmt=True)}


def as_reset(until: float) -> dict[str, str]:
    return X().limit_headers(450, 0, until)


def as_iso(until: float) -> dict[str, str]:
    return {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": datetime.fromtimestamp(until, timezone.utc).isoformat(
                timespec="microseconds").replace("+00:00", "Z")}


class LimitsTest(LiveTest):
    def test_429_is_waited_for_to_the_second_and_a_budget_lasts_its_window(self):
        """All at once, since each takes half a minute."""
        kinds = {
            "x": (Refusing(X(TOKEN), as_reset), x),
            "mastodon": (Refusing(Mastodon(), as_iso), mastodon),
            "bluesky": (Refusing(Bluesky(), as_seconds), bluesky),
            "feed": (Refusing(Feeds(feed=Feed()), as_date), feed)}
        stand_ins = {name: self.stand_in(site) for name, (site, _) in kinds.items()}
        rationed = {name: site for name, site in (("x", X(TOKEN)), ("mastodon", Mastodon()))}
        for site in rationed.values():
            site.budget = Budget(BUDGET, WINDOW_S)
        rations = {name: self.stand_in(site) for name, site in rationed.items()}
        pipeline = self.pipeline(
            *(source(stand_ins[name], name=name) for name, (_, source) in kinds.items()),
            *(kinds[name][1](rations[name], name=f"rationed-{name}") for name in rations))
        self.until(lambda: all(site.after for site, _ in kinds.values()), WAIT_S + 20,
                   "all ask again: " + str({name: site.after for name, (site, _) in kinds.items()}))
        pipeline.stop()
        for name, (site, _) in kinds.items():
            with self.subTest(name):
                self.assertEqual(len(site.refused), 1, "asked while it was not allowed to")
                self.assertLessEqual(site.after[0] - site.until, LATE_S)
        for name, site in rationed.items():
            with self.subTest(f"rationed {name}"):
                times = [one.time for one in rations[name].requests]
                begin = times[0]
                window = [one for one in times if one < begin + WINDOW_S - 1]
                self.assertEqual(site.budget.exceeded, 0)
                self.assertGreaterEqual(len(window), BUDGET // 2)
                self.assertLessEqual(len(window), BUDGET)
                gaps = [after - before for before, after in zip(window, window[1:])]
                self.assertLessEqual(max(gaps), 3 * WINDOW_S / BUDGET, gaps)
                self.assertGreaterEqual(window[-1] - begin, WINDOW_S * 0.8)

    def test_nothing_is_asked_for_without_a_reporter(self):
        sites = {"x": (X(TOKEN), x), "mastodon": (Mastodon(), mastodon),
                 "bluesky": (Bluesky(password="app password"), bluesky),
                 "feed": (Feed(), feed)}
        stand_ins, sources = [], []
        for name, (site, source) in sites.items():
            stand_in = self.stand_in(Feeds(feed=site) if name == "feed" else site)
            stand_ins.append(stand_in)
            options = {"username": site.username, "password": site.password} \
                if name == "bluesky" else {}
            sources.append(source(stand_in, name=name, backfill="all", **options))
        posts = [f"{name}:{site.add(f'post #{TAG}')}" for name, (site, _) in sites.items()]
        pipeline = self.pipeline(*sources, start=False)
        pipeline.start("ingestor", "republisher")
        self.until(lambda: pipeline.metric("sessions", link="posts") == 1, 10, "a session")
        time.sleep(QUIET_S)  # in which nothing may happen
        self.assertEqual([len(one.requests) for one in stand_ins], [0, 0, 0, 0])
        pipeline.start("reporter")
        self.assert_each_once(pipeline, posts)
        pipeline.stop("reporter")
        self.until(lambda: pipeline.metric("credit", link="posts") >= 0, 10, "it answers")
        pipeline.stop()

    def test_who_errs_again_and_again_is_asked_less_and_less(self):
        class Broken(Mastodon):
            def answer(self, request):
                return Answer(503)
        stand_in = self.stand_in(Broken())
        pipeline = self.pipeline(mastodon(stand_in, name="s"))
        began = time.monotonic()
        self.until(lambda: len(stand_in.requests) >= 4, 30, "four requests")
        time.sleep(max(0.0, 12 - (time.monotonic() - began)))
        times = [one.time for one in stand_in.requests]
        pipeline.stop()
        gaps = [after - before for before, after in zip(times, times[1:])]
        self.assertLessEqual(len(times), 12, gaps)
        self.assertGreater(gaps[-1], 3 * gaps[0])
        self.assertEqual(pipeline.said("ingestor").count("HTTP 503"), 1, "a line, not one a try")


if __name__ == "__main__":
    unittest.main()
