"""Bluesky: searches and sessions, against a server that keeps the lexicons."""

import time
import unittest

from live.behaviour import Behaviour, Writer
from live.bluesky import Bluesky
from live.case import TAG, LiveTest, bluesky


class BlueskyTest(Behaviour, LiveTest):
    HAS_REPOSTS = False  # a search finds none
    DEEPER = 2           # of ten polls without news, those that may turn a page

    def site(self):
        return Bluesky()

    def serve(self, site):
        return self.stand_in(site)

    def source(self, stand_in, **options):
        return bluesky(stand_in, **options)

    @staticmethod
    def author(name):
        return f"{name}.test"

    def test_a_session_is_kept_and_renewed(self):
        site = Bluesky(password="app password", token_s=1)
        stand_in = self.serve(site)
        pipeline = self.pipeline(bluesky(stand_in, name="s", backfill="all",
                                         username=site.username, password=site.password))
        writer = Writer(site, 40, 0.1)
        writer.join()
        self.assert_each_once(pipeline, [f"s:{one}" for one in writer.identities])
        pipeline.stop()
        self.assertEqual(site.sessions, 1)  # the platform allows few
        self.assertGreaterEqual(site.refreshes, 2)
        self.assertLessEqual(site.refreshes, 8)

    def test_a_post_that_claims_to_be_older_is_found(self):
        """It appears below newer ones that were read already."""
        site = self.site()
        stand_in = self.serve(site)
        posts = [site.add(f"first #{TAG}")]
        pipeline = self.pipeline(bluesky(stand_in, name="s", backfill="all"))
        pipeline.until_posts(1, 20)
        posts.append(site.add(f"late #{TAG}", at=time.time() - 5))
        self.assert_each_once(pipeline, [f"s:{one}" for one in posts])
        pipeline.stop()

    def test_pages_of_what_was_read_are_not_turned_again_and_again(self):
        site = self.site()
        stand_in = self.serve(site)
        start = time.time() - 6000
        posts = [site.add(f"post {number} #{TAG}", at=start + 10 * number)
                 for number in range(500)]
        pipeline = self.pipeline(bluesky(stand_in, name="s", backfill="all"))
        self.assert_each_once(pipeline, [f"s:{one}" for one in posts])
        asked = len(stand_in.requests)
        self.until(lambda: len(stand_in.requests) >= asked + 10, 20, "ten more polls")
        pipeline.stop()
        deeper = [one for one in stand_in.requests[asked + 1:] if "cursor" in one.parameters]
        self.assertLessEqual(len(deeper), self.DEEPER)


class PlainAppViewTest(BlueskyTest):
    """A server that knows q and cursor only, as that of @atproto/dev-env."""

    DEEPER = 6  # it does not know `since`

    def site(self):
        return Bluesky(plain=True)

    test_a_session_is_kept_and_renewed = None
    test_preview_shows_the_next_posts_and_moves_nothing = None

    def test_a_post_with_two_hashtags_is_one_and_others_are_none(self):
        """Case counts there."""
        site = self.site()
        wanted = [site.add(f"both #{TAG} #second"), site.add("second #second")]
        for text in (f"longer #{TAG}s", f"without {TAG}", "other #third"):
            site.add(text)
        stand_in = self.serve(site)
        pipeline = self.pipeline(bluesky(stand_in, name="s", backfill="all"),
                                 hashtags=[TAG, "second"])
        self.assert_each_once(pipeline, [f"s:{one}" for one in wanted])
        pipeline.stop()


if __name__ == "__main__":
    unittest.main()
