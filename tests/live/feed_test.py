"""Feeds: conditional requests, moves, ends, and what becomes of posts."""

import base64
import unittest

from live.behaviour import Behaviour
from live.case import TAG, LiveTest, feed
from live.feeds import Feed, Feeds


class FeedTest(Behaviour, LiveTest):
    HAS_LANGUAGES = HAS_REPOSTS = HAS_REPLIES = False

    def site(self):
        return Feed()

    def serve(self, site):
        return self.stand_in(Feeds(feed=site))

    def source(self, stand_in, **options):
        return feed(stand_in, **options)

    def test_an_unchanged_feed_costs_a_304(self):
        site = self.site()
        post = site.add(f"once #{TAG}")
        stand_in = self.serve(site)
        pipeline = self.pipeline(feed(stand_in, name="s", backfill="all"))
        self.assert_each_once(pipeline, [f"s:{post}"])
        self.until(lambda: len(stand_in.requests) >= 10, 20, "some polls")
        pipeline.stop()
        self.assertEqual([one.status for one in stand_in.answered()[:10]], [200] + [304] * 9)

    def test_max_age_is_kept(self):
        site = Feed(max_age=2)
        site.add(f"old #{TAG}")
        stand_in = self.serve(site)
        pipeline = self.pipeline(feed(stand_in, name="s", backfill="all"))
        self.until(lambda: len(stand_in.requests) >= 4, 20, "four polls")
        pipeline.stop()
        times = [one.time for one in stand_in.requests[:4]]
        for before, after in zip(times, times[1:]):
            self.assertGreaterEqual(after - before, 1.95)
            self.assertLessEqual(after - before, 4)

    def test_a_feed_that_has_moved_for_good_is_asked_at_its_new_place(self):
        moved, site = Feed(), Feed()
        moved.moved = "/new"
        posts = [site.add(f"here #{TAG}")]
        stand_in = self.stand_in(Feeds(feed=moved, new=site))
        pipeline = self.pipeline(feed(stand_in, name="s", backfill="all"))
        pipeline.until_posts(1, 20)
        posts.append(site.add(f"there #{TAG}"))
        self.assert_each_once(pipeline, [f"s:{one}" for one in posts])
        self.until(lambda: len(stand_in.requests) >= 8, 20, "some polls")
        pipeline.stop()
        self.assertEqual(sum(one.path == "/feed" for one in stand_in.requests), 1)

    def test_a_feed_that_is_gone_is_not_asked_again(self):
        gone, site = Feed(), Feed()
        gone.status = 410
        post = site.add(f"alive #{TAG}")
        stand_in = self.stand_in(Feeds(gone=gone, alive=site))
        pipeline = self.pipeline(feed(stand_in, "gone", name="gone"),
                                 feed(stand_in, "alive", name="s", backfill="all"))
        self.assert_each_once(pipeline, [f"s:{post}"])
        self.until(lambda: len(stand_in.requests) >= 10, 20, "some polls")
        pipeline.stop()
        self.assertEqual(sum(one.path == "/gone" for one in stand_in.requests), 1)
        self.assertIn("gone", pipeline.said("ingestor"))

    def test_name_and_password_go_along(self):
        site = Feed()
        site.basic = "Basic " + base64.b64encode(b"ada:a secret").decode()
        post = site.add(f"for members #{TAG}")
        stand_in = self.serve(site)
        pipeline = self.pipeline(feed(stand_in, name="s", backfill="all", username="ada",
                                      password="a secret"))
        self.assert_each_once(pipeline, [f"s:{post}"])
        pipeline.stop()

    def test_the_default_name_is_the_url(self):
        site = self.site()
        post = site.add(f"named #{TAG}")
        stand_in = self.serve(site)
        pipeline = self.pipeline(feed(stand_in, backfill="all"))
        self.assert_each_once(pipeline, [f"feed/http://{stand_in.host}/feed:{post}"])
        pipeline.stop()


if __name__ == "__main__":
    unittest.main()
