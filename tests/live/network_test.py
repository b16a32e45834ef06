"""The Bluesky network of npm, with real posts written to it: scripts/test --live."""

import random
import re
import threading
import time
import unicodedata
import unittest
from collections import Counter
from datetime import datetime, timezone

from live import recorded
from live.case import LiveTest
from live.forward import Forward
from live.network import Account, Network

POSTS = 2000
BEFORE = 800         # written before the ingestor starts
KILLS = 5
ACCOUNTS = 5
HASHTAG = re.compile(r"(?<![\w&/])#(\w*[^\W\d_]\w*)")
LONGEST = 300        # graphemes that a post may have
QUIET_S = 5.0


def key(tag: str) -> str:
    return unicodedata.normalize("NFKC", tag).casefold()


def chosen() -> tuple[list[str], list[dict]]:
    """Frequent hashtags, and real posts with at least one of them, in random order."""
    posts = [post for post in recorded.posts() if HASHTAG.search(post["text"])
             and len(post["text"]) <= LONGEST]
    # The AppView of the test network knows no other case: the commonest spelling counts.
    spellings = Counter(tag for post in posts for tag in set(HASHTAG.findall(post["text"])))
    tags, found = [], {}
    for tag, _ in spellings.most_common():
        if "_" in tag:
            continue  # stands for any character in that AppView's search
        tags.append(tag)
        found |= {post["id"]: post for post in posts if tag in HASHTAG.findall(post["text"])}
        if len(found) >= POSTS:
            break
    picked = list(found.values())[:POSTS]
    random.Random(1).shuffle(picked)
    return tags, picked


def record(post: dict) -> dict:
    text = post["text"]
    facets = [{"index": {"byteStart": len(text[:tag.start()].encode()),
                         "byteEnd": len(text[:tag.end()].encode())},
               "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": tag[1]}]}
              for tag in HASHTAG.finditer(text)]
    return {"$type": "app.bsky.feed.post", "text": text, "langs": [post["lang"]],
            "facets": facets, "createdAt": datetime.now(timezone.utc).isoformat(
                timespec="milliseconds").replace("+00:00", "Z")}


@unittest.skipIf(recorded.missing(), recorded.missing())
class NetworkTest(LiveTest):
    def setUp(self):
        super().setUp()
        folder = self.folder / "network"
        folder.mkdir()
        self.folder.chmod(0o755)
        self.network = Network(folder)
        self.addCleanup(self.network.stop)

    def test_each_of_2000_real_posts_comes_once_whatever_is_killed(self):
        tags, posts = chosen()
        self.assertEqual(len(posts), POSTS)
        print(f"\n{len(posts)} posts with {len(tags)} hashtags: {', '.join(tags[:8])} …")
        accounts = [Account(self.network, f"writer{number}") for number in range(ACCOUNTS)]
        written: list[str] = []

        def write(some: list[dict], pause: float) -> None:
            for number, post in enumerate(some):
                written.append("s:" + accounts[number % ACCOUNTS].write(record(post)))
                time.sleep(pause)

        write(posts[:BEFORE], 0)
        front = self.stand_in(Forward(self.network.appview))
        source = {"uri": f"bluesky+http://{front.host}", "name": "s", "backfill": "all",
                  "interval": 0.5}
        pipeline = self.pipeline(source, hashtags=tags, start=False)
        pipeline.start("ingestor", "republisher")
        time.sleep(QUIET_S)  # in which nothing may happen
        self.assertEqual(front.requests, [], "asked though there is no reporter")
        writer = threading.Thread(target=write, args=(posts[BEFORE:], 0.01), daemon=True)
        writer.start()
        pipeline.start("reporter")
        began = time.monotonic()
        for kill in range(1, KILLS + 1):
            pipeline.until_posts(kill * POSTS // (KILLS + 2), 120)
            pipeline.kill("ingestor")
            pipeline.start("ingestor")
        writer.join()
        self.assert_each_once(pipeline, written, 120)
        self.assertEqual(len(pipeline.posts()), POSTS)
        pipeline.stop()
        print(f"{POSTS} posts, each once, {KILLS} kills, {len(front.requests)} requests, "
              f"{time.monotonic() - began:.0f} s")

    def test_through_a_session_with_the_pds(self):
        account = Account(self.network, "listener")
        written = ["s:" + account.write(record({"text": f"post {number} #session", "lang": "en"}))
                   for number in range(120)]
        front = self.stand_in(Forward(self.network.pds))
        pipeline = self.pipeline(
            {"uri": f"bluesky+http://{front.host}", "name": "s", "backfill": "all",
             "interval": 0.5, "username": "listener.test", "password": "a password"},
            hashtags=["session"])
        self.assert_each_once(pipeline, written, 30)
        pipeline.stop()
        self.assertEqual(sum("createSession" in one.path for one in front.requests), 1)


if __name__ == "__main__":
    unittest.main()
