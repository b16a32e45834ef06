"""Publishing on Bluesky: each post is there once, and the session is renewed, not made anew."""

import json
import unittest

from live.case import TAG, LiveTest
from live.faults import Plan
from live.pds import Pds, pointed_at
from live.stand_in import Budget

POSTS = 200
FAULTS = 25
TEXTS = ("مرحبا بالعالم #برمجة و https://example.com/مقال/{0}",
         "👩‍👩‍👧‍👦 a family 🏳️‍🌈 #été 👍🏽 https://example.com/{0}",
         "新闻 #編程 プログラミング https://例え.jp/テスト/{0}",
         "one two three " * 40 + "#last")


def text(number: int) -> str:
    return f"{number}: #{TAG} " + TEXTS[number % len(TEXTS)].format(number)


def post(number: int) -> dict:
    made = {"id": str(number), "text": text(number), "author": "ada",
            "url": f"https://news.example/2026/11/28/a-long-title-of-a-page/{number}",
            "lang": ("ar", "en", "ja", "en")[number % len(TEXTS)]}
    if number % 5:
        made["created_at"] = "2026-11-28T11:12:13.456Z"  # the same moment
    return made


class BlueskyTargetTest(LiveTest):
    def publish(self, site: Pds, faults: Plan, seconds: float = 150):
        """Publishes all posts; returns the pipeline, which has ended."""
        stand_in = self.stand_in(site)
        stand_in.faults = faults
        source = self.folder / "posts.jsonl"
        source.write_text("".join(json.dumps(post(number)) + "\n" for number in range(POSTS)))
        pipeline = self.pipeline(
            {"uri": f"file:{source}", "name": "s"},
            targets=[{"name": "sky", "uri": f"bluesky+http://{stand_in.host}", "timeout": 1.0,
                      "formats": ["text"], "username": site.username, "password": site.password,
                      "defer_after": 120}])
        pipeline.until_posts(POSTS, seconds)
        pipeline.stop()
        return pipeline

    def assert_each_is_there(self, site: Pds, pipeline) -> None:
        self.assertEqual({row for row in pipeline.publications("status, error")},
                         {("published", None)})
        numbers = [int(record["text"].split(":")[0]) for record in site.records.values()]
        self.assertEqual(sorted(numbers), list(range(POSTS)))
        self.assertEqual(site.changes, 0)
        self.assertEqual({row[0] for row in pipeline.publications("location")},
                         {f"at://{site.did}/app.bsky.feed.post/{key}" for key in site.records})
        for stage in ("ingestor", "republisher", "reporter"):
            said = pipeline.said(stage)
            self.assertEqual([one for one in site.secrets if one in said], [], stage)

    def test_each_post_is_there_once_though_answers_are_lost_and_sessions_end(self):
        site = Pds()
        # All but the first answer, since who has no session must ask for one again.
        faults = Plan("", chance=0.2, seed=6, most=FAULTS)
        pipeline = self.publish(site, faults)
        self.assert_each_is_there(site, pipeline)
        self.assertEqual(len(faults.done), FAULTS)
        self.assertGreater(site.puts, POSTS)  # some were carried out, and nobody heard of it
        self.assertEqual(site.sessions, 1)
        self.assertGreaterEqual(site.refreshes, POSTS // site.uses - 1)
        print(f"\n{POSTS} posts, {site.puts} times put, {len(faults.done)} answers spoilt, "
              f"{site.sessions} session, {site.refreshes} times renewed, "
              f"{site.expired} times found expired")

    def test_facets_point_at_links_and_hashtags(self):
        site = Pds(token_s=7200, uses=POSTS)
        self.assert_each_is_there(site, self.publish(site, Plan(), 60))
        self.assertEqual((site.sessions, site.refreshes), (1, 0))
        for record in site.records.values():
            number = int(record["text"].split(":")[0])
            tags = ["برمجة", "été", "編程", None][number % len(TEXTS)]
            found = [(kind, leads) for _, kind, leads in pointed_at(record)]
            url = ("link", post(number)["url"])
            own = [("https://example.com/مقال/{}", "https://example.com/{}",
                    "https://例え.jp/テスト/{}", None)[number % len(TEXTS)]]
            expected = [("tag", TAG)]
            if tags:
                expected += [("tag", tags), ("link", own[0].format(number))]
            self.assertEqual(found, [*expected, url])
            if not tags:
                self.assertRegex(record["text"], r"(one|two|three)…\n\nnews\.example/2026/11/\S*…$")

    def test_where_a_lost_renewal_cannot_be_repeated_the_session_is_made_anew(self):
        site = Pds(grace=False)
        pipeline = self.publish(site, Plan("", chance=0.2, seed=3, most=FAULTS))
        self.assert_each_is_there(site, pipeline)
        self.assertLess(site.sessions, 10)

    def test_sessions_are_not_asked_for_before_the_server_allows_it(self):
        site = Pds(token_s=7200, uses=POSTS)
        site.sign_ins = Budget(1, 3.0)
        site.sign_ins.take()
        self.assert_each_is_there(site, self.publish(site, Plan(), 60))
        self.assertEqual((site.sign_ins.exceeded, site.sessions), (1, 1))


if __name__ == "__main__":
    unittest.main()
