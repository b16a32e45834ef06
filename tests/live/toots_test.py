"""Mastodon as a target: each post is a status, once, whatever the network does."""

import json
import time
import unittest

from live.case import LiveTest
from live.faults import Plan
from live.mastodon_account import TOKEN, MastodonAccount
from live.stand_in import Budget

TEXTS = ("A post with #one hashtag & <brackets>, @somebody",
         "東京都は日本の首都である。" * 60,
         "👩‍👩‍👧‍👦 family " * 80,
         "مرحبا بالعالم #برمجة " * 40,
         "A link to https://example.org/a/rather/long/path/that/is/not/shown/whole?x=1&y=2 " * 12)
POSTS = 200
FEW = 6


class TootsTest(LiveTest):
    def posts(self, count: int) -> dict:
        """A source of so many posts, each with an address of its own."""
        path = self.folder / "posts.jsonl"
        path.write_text("".join(json.dumps(
            {"id": one, "text": f"{one} {TEXTS[one % len(TEXTS)]}", "lang": "en",
             "url": self.address(one), "hashtags": ["one"]}) + "\n" for one in range(count)))
        return {"uri": f"file:{path}", "name": "f"}

    @staticmethod
    def address(one: int) -> str:
        return f"https://example.org/posts/{one}"

    def account(self, site: MastodonAccount, **options):
        stand_in = self.stand_in(site)
        return stand_in, {"name": "toots", "uri": f"mastodon+http://{stand_in.host}",
                          "formats": ["text"], "token": TOKEN, "timeout": 1.0,
                          "defer_after": 120, **options}

    def assert_each_is_there_once(self, pipeline, site: MastodonAccount, count: int) -> None:
        published = pipeline.publications("post_id, status, location, error")
        self.assertEqual({row[1] for row in published}, {"published"},
                         [row for row in published if row[1] != "published"][:3])
        addresses = sorted(one["text"].split()[-1] for one in site.statuses)
        self.assertEqual(addresses, sorted(self.address(one) for one in range(count)))
        where = {one["url"]: one["text"].split()[-1] for one in site.statuses}
        for post_id, _, location, _ in published:
            self.assertEqual(where[location], self.address(int(post_id.removeprefix("f:"))))

    def ended(self, pipeline, count: int, seconds: float) -> None:
        self.until(lambda: (pipeline.folder / "reports.db").exists() and pipeline.posts() and
                   len(pipeline.publications()) == count, seconds, "all have ended")

    def test_each_post_is_a_status_once_though_answers_are_lost(self):
        site = MastodonAccount()
        stand_in, target = self.account(site)
        stand_in.faults = Plan(chance=0.15, seed=11, most=25)
        pipeline = self.pipeline(self.posts(POSTS), targets=[target], hashtags=["one"])
        self.ended(pipeline, POSTS, 170)
        pipeline.stop()
        self.assert_each_is_there_once(pipeline, site, POSTS)
        self.assertEqual(site.repeated, 0)  # some were carried out, and nobody heard of it: found
        self.assertEqual((len(stand_in.faults.done), site.refused), (25, 0))

    def test_what_was_published_before_its_key_was_forgotten_is_found(self):
        site = MastodonAccount(kept_s=1.0)
        stand_in, target = self.account(site, timeout=0.5)
        # Instance and account are told; then statuses are made, and nobody hears of it.
        stand_in.faults = Plan("", "", *["hang"] * 12)
        pipeline = self.pipeline(self.posts(FEW), targets=[target], hashtags=["one"])
        self.until(lambda: len(site.statuses) >= 4, 20, "some are made")
        pipeline.kill("republisher")
        self.until(lambda: site.keys() == 0, 20, "the keys are forgotten")
        stand_in.faults = Plan()
        pipeline.start("republisher")
        # What was in hand when the republisher died comes one by one, and each waits until a
        # request for it must have ended.
        self.ended(pipeline, FEW, 60)
        pipeline.stop()
        self.assert_each_is_there_once(pipeline, site, FEW)
        self.assertEqual(site.repeated, 0)

    def test_the_instance_says_how_long_and_how_often(self):
        site = MastodonAccount(characters=120)
        site.budget = Budget(20, 2.0)
        _, target = self.account(site, template="{text}\n\n{hashtags} {url}",
                                 visibility="unlisted")
        begin = time.monotonic()
        pipeline = self.pipeline(self.posts(60), targets=[target], hashtags=["one"])
        self.ended(pipeline, 60, 60)
        pipeline.stop()
        self.assert_each_is_there_once(pipeline, site, 60)
        self.assertGreater(time.monotonic() - begin, 4.0)
        self.assertLessEqual(site.budget.exceeded, 12)
        self.assertEqual({one["visibility"] for one in site.statuses}, {"unlisted"})
        self.assertEqual(site.refused, 0)


if __name__ == "__main__":
    unittest.main()
