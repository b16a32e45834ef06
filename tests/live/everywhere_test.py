"""Posts to several targets at once through HAProxy, which throttles, refuses and loses answers,
while republishers are killed: scripts/test --live. In scripts/test a small one."""

import json
import os
import time
import unittest
from pathlib import Path

from live.case import LiveTest
from live.haproxy import Faults, HaProxy, Passed, too_soon
from live.network import Account, Network
from live.servers import Nginx, WordPress, missing

POSTS = int(os.environ.get("LIVE_POSTS", 2000))
FEW = 100
REPUBLISHERS = 4
KILL_EVERY_S = 20.0
PATIENCE_S = 2.0        # of the republishers, for an answer
IN_FLIGHT_S = 0.1       # on its way when the 429 came
DEFER_AFTER_S = 10
REPLAY = {"uri": "replay:reports.db", "name": "again"}
MISSING = missing("haproxy", "nginx", "php", "mariadbd", "mariadb-install-db",
                  "/usr/share/wordpress")


class Blog:
    """WordPress."""

    name = "blog"

    def __init__(self, folder: Path):
        self._wordpress = WordPress(folder, workers=2)
        self.ports = self._wordpress.ports
        self.stop = self._wordpress.stop

    def target(self, host: str) -> dict:
        return {"uri": f"wordpress+http://{host}", "formats": ["html"],
                "username": WordPress.USER, "password": self._wordpress.password}

    def posts(self) -> list[str]:
        """The links to their sources, of all that are there."""
        rows = self._wordpress.sql(
            "SELECT REGEXP_SUBSTR(post_content, 'https://example.org/posts/[0-9]+') FROM wp_posts"
            " WHERE post_type = 'post' AND post_status <> 'auto-draft'")
        return [row[0] for row in rows]


class Files:
    """WebDAV."""

    name = "files"

    def __init__(self, folder: Path):
        self._nginx = Nginx(folder)
        self._folder = self._nginx.www / "dav"
        self._folder.mkdir()
        self._folder.chmod(0o777)
        self.ports = [self._nginx.port]
        self.stop = self._nginx.stop

    def target(self, host: str) -> dict:
        return {"uri": f"webdav+http://{host}/dav/news", "formats": ["json"]}

    def posts(self) -> list[str]:
        return [json.loads(one.read_text())["url"] for one in (self._folder / "news").iterdir()]


class Sky:
    """Bluesky, of npm: not in scripts/test."""

    name = "sky"

    def __init__(self, folder: Path):
        self._network = Network(folder)
        self._account = Account(self._network, "everywhere")
        self.ports = [self._network.pds]
        self.stop = self._network.stop

    def target(self, host: str) -> dict:
        return {"uri": f"bluesky+http://{host}", "formats": ["text"],
                "username": "everywhere.test", "password": "a password"}

    def posts(self) -> list[str]:
        return [facet["features"][0]["uri"] for record in self._account.records().values()
                for facet in record["facets"]
                if facet["features"][0]["$type"].endswith("#link")]


def written(count: int) -> list[dict]:
    return [{"id": str(number), "author": "ada", "url": f"https://example.org/posts/{number}",
             "text": f"Post {number} about #all that goes everywhere", "hashtags": ["all"]}
            for number in range(count)]


@unittest.skipIf(MISSING, MISSING)
class EverywhereTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)

    def places(self, *kinds) -> list:
        places = []
        for kind in kinds:
            folder = self.folder / kind.name
            folder.mkdir()
            places.append(kind(folder))
            self.addCleanup(places[-1].stop)
        return places

    def publish(self, places: list, count: int, faults: Faults, kill_every: float,
                seconds: float, max_demand: int, *sources: dict) -> list[Passed]:
        """Returns the requests that came though they were told to wait."""
        source = self.folder / "posts.jsonl"
        source.write_text("".join(json.dumps(one) + "\n" for one in written(count)))
        # A way of its own for each republisher and target: whom HAProxy has asked to wait.
        numbers = range(1, REPUBLISHERS + 1)
        haproxy = HaProxy(self.folder, {f"{place.name}-{number}": place.ports
                                        for place in places for number in numbers}, faults)
        self.addCleanup(haproxy.stop)
        pipeline = self.pipeline(
            {"uri": f"file:{source}", "name": "s"}, *sources, hashtags=["all"],
            max_demand=max_demand, republishers=[[{"name": place.name, "timeout": PATIENCE_S,
                            "defer_after": DEFER_AFTER_S,
                            **place.target(haproxy.host(f"{place.name}-{number}"))}
                           for place in places] for number in numbers])
        began = time.monotonic()
        starts = self.kill_until_done(pipeline, count * len(places), kill_every, seconds)
        pipeline.stop()
        passed = haproxy.passed()
        print(f"\n{count} posts to {', '.join(place.name for place in places)} in "
              f"{time.monotonic() - began:.0f} s: {len(passed)} requests, "
              f"{sum(one.status == 429 for one in passed)} throttled, "
              f"{sum(one.status == 503 for one in passed)} refused, "
              f"{sum(one.lost for one in passed)} answers lost, "
              f"{sum(map(len, starts.values()))} kills")
        self.assertEqual(set(pipeline.publications("status, error")), {("published", None)})
        for place in places:
            self.assertEqual(sorted(place.posts()),
                             sorted(one["url"] for one in written(count)), place.name)
        restarts = {f"{place.name}-{stage.split('-')[1]}": times
                    for place in places for stage, times in starts.items()}
        return too_soon(passed, faults.retry_after, IN_FLIGHT_S, restarts)

    def kill_until_done(self, pipeline, publications: int, kill_every: float,
                        seconds: float) -> dict[str, list[float]]:
        """Kills one republisher after another; returns when each was started again."""
        starts: dict[str, list[float]] = {stage: [] for stage in pipeline.targets}
        end = time.monotonic() + seconds
        next_kill = time.monotonic() + kill_every
        victims = 0
        while not pipeline.posts() or self.ended(pipeline) < publications:
            self.assertLess(time.monotonic(), end, pipeline.publications(
                "status, target, error, COUNT(*)", "GROUP BY status, target, error"))
            if time.monotonic() >= next_kill:
                stage = f"republisher-{victims % REPUBLISHERS + 1}"
                pipeline.kill(stage)
                starts[stage].append(time.time())
                pipeline.start(stage)
                victims += 1
                next_kill += kill_every
            time.sleep(0.2)
        return starts

    @staticmethod
    def ended(pipeline) -> int:
        """How many publications have an end that is one."""
        return sum(status != "deferred" for _, status in pipeline.publications())

    def test_a_hundred_posts_are_everywhere_once(self):
        self.publish(self.places(Blog, Files), FEW, Faults(throttled=50, down=30, hung=5),
                     8.0, 120, 4 * FEW, REPLAY)

    @unittest.skipUnless(os.environ.get("LIVE_LONG"), "takes minutes: scripts/test --live")
    def test_2000_posts_are_everywhere_once(self):
        soon = self.publish(self.places(Blog, Files, Sky), POSTS, Faults(), KILL_EVERY_S, 3600, 16,
                            REPLAY)
        self.assertEqual(soon[:5], [], f"{len(soon)} in all")


if __name__ == "__main__":
    unittest.main()
