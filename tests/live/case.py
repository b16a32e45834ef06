"""What the tests of live sources share. Whatever a test starts is stopped after it."""

import shutil
import tempfile
import unittest
from pathlib import Path

from live.pipeline import Pipeline
from live.processes import until
from live.stand_in import StandIn

TAG = "pullwire"
TOKEN = "bearer-of-x"


def mastodon(stand_in: StandIn, **options) -> dict:
    return {"uri": f"mastodon+http://{stand_in.host}", "interval": 0.1, **options}


def x(stand_in: StandIn, **options) -> dict:
    return {"uri": f"x+http://{stand_in.host}", "token": TOKEN, "interval": 0.1, **options}


def bluesky(stand_in: StandIn, **options) -> dict:
    return {"uri": f"bluesky+http://{stand_in.host}", "interval": 0.1, **options}


def feed(stand_in: StandIn, path: str = "feed", **options) -> dict:
    return {"uri": f"feed+http://{stand_in.host}/{path}", "interval": 0.1, **options}


class LiveTest(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="pullwire-live-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.stand_ins: list[StandIn] = []
        self._pipelines = 0

    def tearDown(self):
        for stand_in in self.stand_ins:
            self.assertEqual(stand_in.violations[:5], [])

    def stand_in(self, site, **options) -> StandIn:
        stand_in = StandIn(site, **options)
        self.addCleanup(stand_in.stop)
        self.stand_ins.append(stand_in)
        return stand_in

    def pipeline(self, *sources: dict, hashtags: list[str] | None = None, start: bool = True,
                 **options) -> Pipeline:
        self._pipelines += 1
        folder = self.folder / str(self._pipelines)
        folder.mkdir()
        pipeline = Pipeline(folder, list(sources), hashtags or [TAG], **options)
        self.addCleanup(pipeline.abandon)
        if start:
            pipeline.start()
        return pipeline

    def until(self, condition, seconds: float = 20.0, what: str = "it"):
        return until(condition, seconds, what)

    def assert_each_once(self, pipeline: Pipeline, expected: list[str], seconds: float = 30.0):
        """All of `expected`, and nothing else, get into the database, each once, published."""
        pipeline.until_posts(len(expected), seconds)
        found = pipeline.posts()
        self.assertEqual(sorted(set(found) - set(expected)), [], "not expected")
        self.assertEqual(sorted(set(expected) - set(found)), [], "missing")
        self.assertEqual(len(found), len(expected))
        self.assertEqual({status for _, status in pipeline.publications()}, {"published"})
