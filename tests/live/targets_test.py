"""Targets over HTTP: what is recorded as published is there, once, whatever the network did."""

import unittest

from live import servers
from live.case import LiveTest
from live.faults import Plan
from live.hook import SECRET, Hook

POSTS = 200


def simulated(count: int = POSTS, **options) -> dict:
    query = "&".join(f"{key}={value}" for key, value in {"count": count, **options}.items())
    return {"uri": f"simulated:?{query}", "name": "s"}


class TargetsTest(LiveTest):
    def hook(self, **options):
        stand_in = self.stand_in(Hook(), **options)
        return stand_in, {"name": "hook", "uri": f"webhook+http://{stand_in.host}/in?a=b",
                          "formats": ["text", "pdf"], "secret": SECRET, "timeout": 1.0}

    def ended(self, pipeline, publications: int, seconds: float) -> dict[tuple, str]:
        """(post_id, target, format) of all publications, and how they ended."""
        self.until(lambda: (self.folder / "1/reports.db").exists() and pipeline.posts() and
                   len(pipeline.publications()) == publications, seconds, "all have ended")
        return {row[:3]: row[3] for row in
                pipeline.publications("post_id, target, format, status")}

    @unittest.skipIf(servers.missing("nginx"), servers.missing("nginx"))
    def test_each_post_is_there_once_though_answers_are_lost(self):
        stand_in, hook = self.hook()
        stand_in.faults = Plan(chance=0.1, seed=7, most=25)
        nginx = servers.Nginx(self.folder)
        self.addCleanup(nginx.stop)
        (nginx.www / "dav").mkdir()
        (nginx.www / "dav").chmod(0o777)
        dav = {"name": "dav", "uri": f"webdav+http://{nginx.host}/dav/news",
               "formats": ["html", "json"]}
        pipeline = self.pipeline(simulated(), targets=[{**hook, "defer_after": 120}, dav],
                                 hashtags=["one"], max_demand=1000)  # none is deferred
        ended = self.ended(pipeline, 4 * POSTS, 150)
        pipeline.stop()
        self.assertEqual({row for row in pipeline.publications("status, error, target")
                          if row[2] == "dav"}, {("published", None, "dav")})
        files = sorted(one.name for one in (nginx.www / "dav/news").iterdir())
        self.assertEqual(len(files), 2 * POSTS, files[:5])
        self.assertEqual(set(ended.values()), {"published"})
        received = [(message["data"]["post_id"], "hook", message["data"]["format"])
                    for message in stand_in.site.messages.values()]
        self.assertEqual(sorted(received), sorted(key for key in ended if key[1] == "hook"))
        # Some were carried out, and nobody heard of it.
        self.assertGreater(stand_in.site.deliveries, len(received))
        self.assertEqual(len(stand_in.faults.done), 25)

    @unittest.skipIf(servers.missing("apache2"), servers.missing("apache2"))
    def test_apache_has_each_file_once_though_the_republisher_is_killed(self):
        self.folder.chmod(0o755)
        folder = self.folder / "apache"
        folder.mkdir()
        apache = servers.Apache(folder)
        self.addCleanup(apache.stop)
        dav = {"name": "dav", "uri": f"webdav+http://{apache.host}/dav/news",
               "formats": ["html", "json"]}
        pipeline = self.pipeline(simulated(rate=200), targets=[dav], hashtags=["one"])
        for kill in range(1, 4):
            pipeline.until_posts(kill * POSTS // 5, 30)
            pipeline.kill("republisher")
            pipeline.start("republisher")
        ended = self.ended(pipeline, 2 * POSTS, 60)
        pipeline.stop()
        self.assertEqual(set(ended.values()), {"published"})
        stored = [one.name for one in (apache.www / "dav/news").iterdir()]
        self.assertEqual(len(stored), 2 * POSTS, stored[:5])
        created = [path for status, method, path in apache.answers()
                   if (status, method) == ("201", "PUT")]
        self.assertEqual(len(created), len(set(created)), "created twice")
        # 403: two made the folder at once.
        self.assertEqual({(status, method) for status, method, _ in apache.answers()} -
                         {("201", "PUT"), ("204", "PUT"), ("201", "MKCOL"), ("405", "MKCOL"),
                          ("403", "MKCOL")}, set())

    def test_what_a_target_does_not_answer_in_time_is_deferred_and_the_others_have_theirs(self):
        _, hook = self.hook(delay=60)
        pipeline = self.pipeline(
            simulated(), hashtags=["one"],
            targets=[{"name": "fast", "uri": "null:", "formats": ["text"]},
                     {**hook, "formats": ["text"], "timeout": 0.5, "defer_after": 1}])
        ended = self.ended(pipeline, 2 * POSTS, 60)
        pipeline.stop()
        by_target = {(target, status) for (_, target, _), status in ended.items()}
        self.assertEqual(by_target, {("fast", "published"), ("hook", "deferred")})
        for target, error, retry_at in pipeline.publications("target, error, retry_at"):
            self.assertEqual((bool(error), bool(retry_at)), (target == "hook",) * 2)


if __name__ == "__main__":
    unittest.main()
