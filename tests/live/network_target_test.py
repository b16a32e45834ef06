"""Publishing to the Bluesky network of npm, which judges each record: scripts/test --live."""

import json
import random
import re
import time
import unittest
from pathlib import Path

from live import recorded
from live.case import TAG, LiveTest
from live.faults import Plan
from live.forward import Forward
from live.network import Account, Network
from live.pds import Pds, graphemes, pointed_at

POSTS = 500
LONG = 100           # of several real posts of a language, too long for Bluesky
KILLS = 3
FAULTS = 25
HASHTAG = re.compile(r"(?<![\w&/])#([a-zA-Z]+)\b")  # those that are simple


class Front(Forward):
    """In front of the PDS, so that answers can be lost which it gave."""

    WRONG_SHAPES = Pds.WRONG_SHAPES
    limit_headers = staticmethod(Pds.limit_headers)

    def __init__(self, port: int):
        super().__init__(port)
        self.limited = 0  # answers that said how much of a rate limit is left

    def answer(self, request):
        answer = super().answer(request)
        self.limited += "ratelimit-remaining" in map(str.lower, answer.headers)
        return answer


def chosen() -> list[dict]:
    """Real posts, of which LONG are several in one, and all with emoji that are joined."""
    draw = random.Random(2)
    posts = recorded.posts()
    by_language: dict[str, list[str]] = {}
    for post in posts:
        by_language.setdefault(post["lang"], []).append(post["text"])
    picked = [post for post in posts if len(post["text"]) > 300 or "\u200d" in post["text"]]
    picked += draw.sample(posts, POSTS - LONG - len(picked))
    for number in range(LONG):
        language = sorted(by_language)[number % len(by_language)]
        picked.append({"id": f"long-{number}", "author": "user", "lang": language,
                       "text": " ".join(draw.sample(by_language[language], 12))})
    for number, post in enumerate(picked):
        post |= {"hashtags": [TAG], "url": f"https://news.example/2026/11/{number}/{post['id']}"}
        if number % 2:
            post["created_at"] = f"2026-11-28T11:{number % 60:02d}:13.456Z"
    draw.shuffle(picked)
    return picked


@unittest.skipIf(recorded.missing(), recorded.missing())
class NetworkTargetTest(LiveTest):
    def setUp(self):
        super().setUp()
        folder = self.folder / "network"
        folder.mkdir()
        self.folder.chmod(0o755)
        self.network = Network(folder, limits=True)
        self.addCleanup(self.network.stop)

    def source(self, posts: list[dict]) -> dict:
        path: Path = self.folder / "posts.jsonl"
        path.write_text("".join(json.dumps(post) + "\n" for post in posts))
        return {"uri": f"file:{path}", "name": "s"}

    def test_each_of_500_real_posts_is_there_once_whatever_is_lost_and_killed(self):
        posts = chosen()
        account = Account(self.network, "publisher")
        front = self.stand_in(Front(self.network.pds))
        front.faults = Plan("", chance=0.06, seed=5, most=FAULTS)
        began = time.monotonic()
        pipeline = self.pipeline(self.source(posts), {
            "uri": "replay:reports.db", "name": "again"}, targets=[{
            "name": "sky", "uri": f"bluesky+http://{front.host}", "formats": ["text"],
            "username": "publisher.test", "password": "a password",
            "timeout": 2.0, "defer_after": 10}],
            max_attempts=KILLS + 1)  # a post may be in hand at each of them
        for kill in range(1, KILLS + 1):
            pipeline.until_posts(kill * POSTS // (KILLS + 2), 120)
            pipeline.kill("republisher")
            pipeline.start("republisher")
        pipeline.until_posts(POSTS, 180)
        self.until(lambda: set(pipeline.publications("status")) == {("published",)}, 120,
                   "what was deferred is out")
        pipeline.stop()
        took = time.monotonic() - began
        self.assertEqual(set(pipeline.publications("status, error")), {("published", None)})
        self.assertEqual(len(front.faults.done), FAULTS)

        records = account.records()
        by_url = {post["url"]: post for post in posts}
        self.assertEqual(sorted(pointed_at(record)[-1][2] for record in records.values()),
                         sorted(by_url))
        self.assertEqual({row[0] for row in pipeline.publications("location")},
                         {f"at://{account.did}/app.bsky.feed.post/{key}" for key in records})
        facets = 0
        for record in records.values():
            facets += self.assert_right(record, by_url)
        calls = [one.path.rpartition(".")[2] for one in front.requests]
        self.assertLessEqual(calls.count("createSession"), KILLS + 2)
        self.assertEqual(front.site.limited, len(calls))
        longest = max(graphemes(record["text"]) for record in records.values())
        print(f"\n{POSTS} real posts, each once, {facets} facets, the longest post has {longest} "
              f"graphemes; {calls.count('putRecord')} times put, {FAULTS} answers spoilt, "
              f"{KILLS} kills, {calls.count('createSession')} sessions, {took:.0f} s")

    def assert_right(self, record: dict, by_url: dict[str, dict]) -> int:
        """What a record's facets lead to stands in its post; how many there are."""
        *found, (_, _, url) = pointed_at(record)
        post = by_url[url]
        self.assertEqual(record["langs"], [post["lang"]])
        for _, kind, leads in found:
            self.assertIn(leads if kind == "link" else "#" + leads, post["text"])
        tags = [leads for _, kind, leads in found if kind == "tag"]
        if "…\n\n" not in record["text"]:  # not cut
            for tag in HASHTAG.findall(re.sub(r"https?://\S+", "", post["text"])):
                self.assertIn(tag, tags)
        return len(found) + 1


if __name__ == "__main__":
    unittest.main()
