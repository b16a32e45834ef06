"""What a target could not take is brought back: each message once, nothing missing, at its end."""

import json
import sqlite3
import subprocess
import unittest

from live.case import LiveTest
from live.hook import SECRET, Hook
from live.processes import free_port
from live.stand_in import Answer, StandIn

POSTS = 200


class Unsteady(Hook):
    """Answers 503 while it is down, 422 to what it refuses."""

    def __init__(self, down: bool = True, refuses: bool = False):
        super().__init__()
        self.down, self.refuses = down, refuses

    def answer(self, request) -> Answer:
        if self.down:
            return Answer(503, b"")
        if self.refuses:
            return Answer(422, b"not now")
        return super().answer(request)


class ReplayTest(LiveTest):
    def hook(self, site: Unsteady, **options):
        stand_in = self.stand_in(site)
        return stand_in, self.target(stand_in.host, **options)

    @staticmethod
    def target(host: str, **options) -> dict:
        return {"name": "hook", "uri": f"webhook+http://{host}/in", "formats": ["text", "json"],
                "secret": SECRET, "timeout": 2.0, "defer_after": 1, **options}

    def replayed(self, target: dict, sources: tuple = (), **options):
        """A pipeline with a replay, which ends when all is out."""
        fast = {"name": "fast", "uri": "null:", "formats": ["text"]}
        return self.pipeline(
            {"uri": f"simulated:?count={POSTS}&rate=100", "name": "s"}, *sources,
            hashtags=["one"], targets=[fast, target], exit_when_done=True, max_demand=40,
            **options)

    def assert_all_out(self, pipeline, site: Hook, seconds: float = 60):
        """The ingestor ends by itself; then each publication is published and was received."""
        self.until(lambda: not pipeline.alive("ingestor"), seconds, "the ingestor is done: " +
                   pipeline.said("ingestor")[-2000:])
        pipeline.stop()
        rows = pipeline.publications("post_id, target, format, status")
        self.assertEqual({row for row in rows if row[3] != "published"}, set())
        self.assertEqual(len(rows), 3 * POSTS)
        received = sorted((message["data"]["post_id"], message["data"]["format"])
                          for message in site.messages.values())
        self.assertEqual(received, sorted((post, form) for post, target, form, _ in rows
                                          if target == "hook"))
        self.assertEqual(self.kept(pipeline), [])

    @staticmethod
    def kept(pipeline) -> list:
        database = sqlite3.connect(f"file:{pipeline.folder / 'reports.db'}?mode=ro", uri=True)
        try:
            return database.execute("SELECT post_id FROM unpublished").fetchall()
        finally:
            database.close()

    def deferred(self, pipeline) -> int:
        return sum(1 for _, status in pipeline.publications() if status == "deferred")

    def listed(self, pipeline, word: str) -> list[list[str]]:
        out = subprocess.run(pipeline.command("reporter", "--list", word), check=True,
                             capture_output=True, text=True, timeout=20).stdout
        return [line.split("\t") for line in out.splitlines()]

    def test_what_waits_comes_back_and_each_message_once(self):
        site = Unsteady()
        _, target = self.hook(site)
        pipeline = self.replayed(target, ({"uri": "replay:reports.db?target=hook"},))
        self.until(lambda: pipeline.posts() and self.deferred(pipeline) >= POSTS, 30, "deferred")
        header, *rows = self.listed(pipeline, "deferred")
        self.assertEqual(header, ["post_id", "target", "format", "attempts", "retry_at", "error"])
        self.assertGreaterEqual(len(rows), POSTS // 2)
        self.assertEqual({row[1] for row in rows}, {"hook"})
        site.down = False
        self.assert_all_out(pipeline, site)
        self.assertEqual(site.deliveries, 2 * POSTS)  # nothing twice
        self.assertGreater(max(row[0] for row in pipeline.publications("attempts")), 1)
        self.assertEqual(self.listed(pipeline, "deferred"), [header])

    def test_kills_in_the_middle_lose_and_double_nothing(self):
        port = free_port()  # nobody listens
        pipeline = self.replayed(self.target(f"127.0.0.1:{port}"),
                                 ({"uri": "replay:reports.db", "order": "newest"},))
        self.until(lambda: pipeline.posts() and self.deferred(pipeline) >= 50, 30, "deferred")
        pipeline.kill("ingestor")
        pipeline.start("ingestor")
        self.until(lambda: self.deferred(pipeline) >= POSTS, 30, "more is deferred")
        site = Unsteady(down=False)
        stand_in = StandIn(site, port=port)
        self.addCleanup(stand_in.stop)
        self.stand_ins.append(stand_in)
        self.until(lambda: len(site.messages) > 20, 60, "what was deferred comes")
        pipeline.kill("republisher")
        pipeline.start("republisher")
        self.until(lambda: len(site.messages) > 60, 60, "more of it comes")
        pipeline.kill("ingestor")
        pipeline.start("ingestor")
        self.assert_all_out(pipeline, site)
        self.assertNotIn("without being flagged", pipeline.said("reporter"))

    def test_what_was_refused_comes_back_when_that_is_wanted(self):
        site = Unsteady(down=False, refuses=True)
        _, target = self.hook(site)
        pipeline = self.replayed(target)
        self.until(lambda: not pipeline.alive("ingestor"), 60, "all is settled")
        pipeline.stop()
        header, *rows = self.listed(pipeline, "failed")
        self.assertEqual(header[4], "recorded_at")
        self.assertEqual(len(rows), 2 * POSTS)
        site.refuses = False
        pipeline.configure([{"uri": "replay:reports.db", "status": "failed"}])
        shown = subprocess.run(pipeline.command("ingestor", "--preview", "3"), check=True,
                               capture_output=True, text=True, timeout=20).stdout
        self.assertEqual([json.loads(line)["id"] for line in shown.splitlines()],
                         ["s:1", "s:2", "s:3"])
        # So many at once are more than it takes in time: some are deferred.
        pipeline.configure([{"uri": "replay:reports.db", "status": "failed"},
                            {"uri": "replay:reports.db", "name": "later"}])
        pipeline.start()
        self.assert_all_out(pipeline, site)

    def test_what_is_too_old_is_given_up(self):
        site = Unsteady()
        _, target = self.hook(site)
        pipeline = self.replayed(target, ({"uri": "replay:reports.db", "max_age": 3},))
        self.until(lambda: not pipeline.alive("ingestor"), 60, "all is given up")
        pipeline.stop()
        by_status = {(target, status, (error or "").split(";")[0]) for target, status, error in
                     pipeline.publications("target, status, error")}
        self.assertEqual(by_status, {("fast", "published", ""),
                                     ("hook", "failed", "older than max_age of the replay")})
        self.assertEqual(site.messages, {})


if __name__ == "__main__":
    unittest.main()
