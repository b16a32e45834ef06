"""What a target is opened with is in its requests and nowhere else."""

import base64
import json
import unittest
from pathlib import Path

from live.case import LiveTest
from live.faults import Plan
from live.hook import SECRET, Hook
from live.mastodon_account import MastodonAccount
from live.pds import Pds
from live.secrets_test import Telling
from live.stand_in import Answer

PASSWORD = "hushhush-password"
BASIC = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
HIDDEN = ("hushhush", BASIC, SECRET.removeprefix("whsec_"), "eyJ")  # the last: of any JWT
POSTS = 12


class Folder:
    """WebDAV, or WordPress: it takes anything, and tells what it was asked."""

    WRONG_SHAPES = (b"[]", b"5", b"null")
    limit_headers = staticmethod(Hook.limit_headers)

    def answer(self, request) -> Answer:
        told = f"{request.headers} {request.target}"
        return Answer(200, json.dumps({"id": 7, "link": "https://example.org/7", "slug": told,
                                       "error": told}).encode(),
                      {"Content-Type": "application/json"})


class Account(MastodonAccount):
    """With a token of its own."""

    def answer(self, request):
        if request.headers.get("authorization") == f"Bearer {PASSWORD}":
            request.headers["authorization"] = "Bearer a-token-of-mastodon"
        return super().answer(request)


class TargetSecretsTest(LiveTest):
    def test_no_log_no_metric_no_command_line_and_no_database_has_one(self):
        login = {"username": "ada", "password": PASSWORD}
        pds = Pds("ada", PASSWORD)
        targets = []
        for name, site, kind, path, own in (
                ("hook", Hook(), "webhook", "/in?token=hushhush-query",
                 {"formats": ["json"], "secret": SECRET}),
                ("toots", Account(), "mastodon", "", {"formats": ["text"], "token": PASSWORD}),
                ("sky", pds, "bluesky", "", {"formats": ["text"], **login}),
                ("dav", Folder(), "webdav", "/dav", {"formats": ["text"], **login}),
                ("blog", Folder(), "wordpress", "", {"formats": ["html"], **login})):
            stand_in = self.stand_in(Telling(site))
            stand_in.faults = Plan("", "", "", "close", "redirect_loop", "bad_body",
                                   "wrong_shape", "cut_body")
            targets.append({"name": name, "uri": f"{kind}+http://{stand_in.host}{path}",
                            "timeout": 1.0, "defer_after": 6, **own})
        pipeline = self.pipeline({"uri": f"simulated:?count={POSTS}", "name": "s"},
                                 hashtags=["one"], targets=targets, level="trace")
        self.until(lambda: len(pipeline.posts()) == POSTS and
                   len(pipeline.publications()) == POSTS * len(targets), 90, "all have ended")
        self.until(lambda: all(len(one.requests) >= 4 for one in self.stand_ins), 5,
                   "several requests and errors of each")
        told = [pipeline.page(page) for page in ("/metrics", "/readyz")]
        told += [Path(f"/proc/{pipeline.pid(stage)}/cmdline").read_text()
                 for stage in ("ingestor", "republisher", "reporter")]
        pipeline.stop()
        told += [path.read_bytes().decode("latin-1") for path in pipeline.folder.iterdir()
                 if path.name != "live.toml"]
        errors = {row[0] for row in pipeline.publications("error") if row[0]}
        self.assertTrue(any("***" in one for one in errors), f"no server told one: {errors}")
        self.stand_ins.clear()  # what was spoilt is no violation of theirs
        for text in told:
            for hidden in HIDDEN:
                at = text.find(hidden)
                self.assertEqual(at, -1, text[max(0, at - 200):at + 100])


if __name__ == "__main__":
    unittest.main()
