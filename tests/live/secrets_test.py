"""A secret is in its request and nowhere else."""

import json
import subprocess
import unittest
from pathlib import Path

from live.bluesky import Bluesky
from live.case import TAG, LiveTest, bluesky, feed, mastodon, x
from live.faults import Plan
from live.feeds import Feed, Feeds
from live.mastodon import Mastodon
from live.stand_in import Answer
from live.x import X

SECRETS = {"x": "bearer-hushhush-1", "mastodon": "app-hushhush-2", "bluesky": "password-hushhush-3",
           "feed": "basic-hushhush-4"}
HIDDEN = ("hushhush", "YWRhOmJhc2ljLWh1c2hodXNoLTQ", "header.access", "header.refresh")


class Telling:
    """In front of a site: sometimes it answers with what it was asked, secrets and all."""

    def __init__(self, site):
        self.site, self._count = site, 0
        self.WRONG_SHAPES = site.WRONG_SHAPES

    def limit_headers(self, *arguments):
        return self.site.limit_headers(*arguments)

    def answer(self, request):
        answer = self.site.answer(request)
        self._count += 1
        if self._count % 3 == 2:
            told = f"{request.headers} {request.body.decode()}"
            return Answer(401 if self._count % 2 == 0 else 500, json.dumps(
                {"error": told, "message": told, "title": told, "detail": told}).encode(),
                {"Content-Type": "application/json"})
        return answer


class SecretsTest(LiveTest):
    def sources(self, **options) -> tuple[list, list[str]]:
        feeds = Feed()
        feeds.basic = "Basic " + "YWRhOmJhc2ljLWh1c2hodXNoLTQ="  # ada, the feed's secret
        sites = {"x": X(SECRETS["x"]), "mastodon": Mastodon(SECRETS["mastodon"]),
                 "bluesky": Bluesky(password=SECRETS["bluesky"], token_s=2), "feed": feeds}
        own = {"x": {"token": "${X_TOKEN}"}, "mastodon": {"token_file": "mastodon.token"},
               "bluesky": {"username": "ada.test", "password": SECRETS["bluesky"]},
               "feed": {"username": "ada", "password": SECRETS["feed"]}}
        makers = {"x": x, "mastodon": mastodon, "bluesky": bluesky, "feed": feed}
        posts, sources = [], []
        for name, site in sites.items():
            posts.append(f"{name}:{site.add(f'post #{TAG}')}")
            stand_in = self.stand_in(Telling(Feeds(feed=site) if name == "feed" else site))
            sources.append(makers[name](stand_in, name=name, backfill="all", **own[name],
                                        **options))
        return sources, posts

    def prepared(self, sources, **options):
        pipeline = self.pipeline(*sources, start=False, level="trace",
                                 environment={"X_TOKEN": SECRETS["x"]}, **options)
        token = pipeline.folder / "mastodon.token"
        token.touch(mode=0o600)
        token.write_text(SECRETS["mastodon"] + "\n")
        return pipeline

    def test_no_log_no_metric_no_command_line_and_no_state_has_one(self):
        sources, posts = self.sources()
        pipeline = self.prepared(sources)
        for stand_in in self.stand_ins:
            stand_in.faults = Plan("", "", "", "close", "redirect_loop", "bad_body", "wrong_shape")
        pipeline.start()
        self.assert_each_once(pipeline, posts, 60)
        self.until(lambda: all(len(one.requests) >= 8 for one in self.stand_ins), 60,
                   "several requests and errors of each")
        told = [pipeline.page(page) for page in ("/metrics", "/readyz", "/healthz")]
        told += [Path(f"/proc/{pipeline.pid(stage)}/cmdline").read_text()
                 for stage in ("ingestor", "republisher", "reporter")]
        pipeline.stop()
        told += [path.read_bytes().decode("latin-1") for path in pipeline.folder.iterdir()
                 if path.name not in ("live.toml", "mastodon.token")]
        self.assertGreater(len(pipeline.said("ingestor")), 1000)
        for text in told:
            for hidden in HIDDEN:
                at = text.find(hidden)
                self.assertEqual(at, -1, text[max(0, at - 200):at + 100])

    def test_it_does_not_follow_a_redirect_to_another_server(self):
        elsewhere = self.stand_in(Mastodon())

        class Away(X):
            def answer(self, request):
                super().answer(request)
                return Answer(302, b"", {"Location": f"http://{elsewhere.host}/api/v1/timelines/"
                                         f"tag/{TAG}"})
        stand_in = self.stand_in(Away("bearer-hushhush-1"))
        pipeline = self.pipeline(x(stand_in, name="s", token="bearer-hushhush-1"))
        self.until(lambda: len(stand_in.requests) >= 2, 20, "two requests")
        pipeline.stop()
        for request in elsewhere.requests:
            self.assertNotIn("authorization", request.headers)

    def test_a_file_that_others_can_read_is_refused(self):
        sources, _ = self.sources()
        pipeline = self.prepared(sources)
        for path in (pipeline.config, pipeline.folder / "mastodon.token"):
            with self.subTest(path.name):
                path.chmod(0o640)
                checked = subprocess.run(pipeline.command("ingestor", "--check"), text=True,
                                         capture_output=True, cwd=pipeline.folder, timeout=20,
                                         env={"X_TOKEN": SECRETS["x"]})
                self.assertIn(checked.returncode, (1, 2), checked.stderr)
                self.assertIn(path.name, checked.stderr)
                self.assertEqual(len(checked.stderr.splitlines()), 1, checked.stderr)
                self.assertNotIn("hushhush", checked.stderr)
                path.chmod(0o600)

    def test_errors_in_the_configuration_show_none(self):
        stand_in = self.stand_in(X("bearer-hushhush-1"))
        for wrong in ({"interval": -1}, {"uri": "x+http://example.org"}, {"intervall": 3},
                      {"match": ["("]}, {"token": "two\nlines hushhush"},
                      {"token_file": "there-is-none"}, {"backfill": "yesterday"},
                      {"uri": f"x+http://hushhush@{stand_in.host}"}):
            with self.subTest(str(wrong)):
                pipeline = self.pipeline({**x(stand_in, token="bearer-hushhush-1"), **wrong},
                                         start=False)
                checked = subprocess.run(pipeline.command("ingestor", "--check"), text=True,
                                         capture_output=True, cwd=pipeline.folder, timeout=20)
                self.assertEqual(checked.returncode, 2, checked.stderr)
                self.assertEqual(len(checked.stderr.splitlines()), 1, checked.stderr)
                self.assertNotIn("hushhush", checked.stderr)


if __name__ == "__main__":
    unittest.main()
