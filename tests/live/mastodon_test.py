"""Mastodon: what is asked of tag timelines, and what becomes of their answers."""

import time
import unittest
from datetime import datetime

from live import recorded
from live.behaviour import Behaviour
from live.case import TAG, LiveTest, mastodon
from live.mastodon import PREFIX, Mastodon


class MastodonTest(Behaviour, LiveTest):
    def site(self):
        return Mastodon()

    def serve(self, site):
        return self.stand_in(site)

    def source(self, stand_in, **options):
        return mastodon(stand_in, **options)

    def test_goes_forward_page_by_page(self):
        """So that a kill between two pages loses nothing, and no post is asked for twice."""
        site = self.site()
        stand_in = self.serve(site)
        site.add(f"before #{TAG}", at=time.time() - 60)
        pipeline = self.pipeline(mastodon(stand_in, name="s", interval=1))
        self.until(lambda: len(stand_in.requests) >= 2, 20, "it has begun")
        posts = [site.add(f"post {number} #{TAG}") for number in range(120)]
        self.assert_each_once(pipeline, [f"s:{one}" for one in posts])
        asked = len(stand_in.requests)
        self.until(lambda: len(stand_in.requests) > asked, 20, "one more poll")
        pipeline.stop()
        self.assertEqual({one.path for one in stand_in.requests}, {PREFIX + TAG})
        borders = [int(one.parameters["min_id"]) for one in stand_in.requests[1:]]
        self.assertEqual(borders, sorted(borders))
        self.assertTrue(all("max_id" not in one.parameters for one in stand_in.requests))

    def test_hashtags_of_other_scripts(self):
        site = self.site()
        tags = ["سوريا", "プログラミング", "écologie"]
        posts = [site.add(f"of #{tag}") for tag in tags]
        stand_in = self.serve(site)
        pipeline = self.pipeline(mastodon(stand_in, name="s", backfill="all"), hashtags=tags)
        self.assert_each_once(pipeline, [f"s:{one}" for one in posts])
        pipeline.stop()

    def test_the_token_goes_along(self):
        site = Mastodon(token="app-token")
        posts = [site.add(f"for members #{TAG}")]
        stand_in = self.serve(site)
        pipeline = self.pipeline(mastodon(stand_in, name="s", backfill="all", token="app-token"))
        self.assert_each_once(pipeline, [f"s:{one}" for one in posts])
        pipeline.stop()

    def test_the_default_name_is_the_host(self):
        site = self.site()
        post = site.add(f"named #{TAG}")
        stand_in = self.serve(site)
        pipeline = self.pipeline(mastodon(stand_in, backfill="all"))
        self.assert_each_once(pipeline, [f"mastodon/{stand_in.host}:{post}"])
        pipeline.stop()

    @unittest.skipIf(recorded.missing(), recorded.missing())
    def test_reads_the_recorded_answers(self):
        site = recorded.mastodon()
        stand_in = self.serve(site)
        tags = sorted({tag["name"] for post in site.posts for tag in post["tags"]})
        pipeline = self.pipeline(mastodon(stand_in, name="s", backfill="all"), hashtags=tags)
        self.assert_each_once(pipeline, [f"s:{post['id']}" for post in site.posts])
        known = {f"s:{post['id']}": post for post in site.posts}
        columns = "post_id, text, author, lang, url, created_at"
        for identity, text, author, lang, url, created in pipeline.posts(columns):
            post = known[identity]
            self.assertEqual((author, lang, url), (
                post["account"]["acct"], post["language"], post["url"]))
            self.assertEqual(datetime.fromisoformat(created),
                             datetime.fromisoformat(post["created_at"]))
            self.assertIn(f"#{post['tags'][0]['name']}", text)
            self.assertNotIn("<", text)
        pipeline.stop()


if __name__ == "__main__":
    unittest.main()
