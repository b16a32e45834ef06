"""The feeds of a real WordPress."""

import time
import unittest

from live.case import TAG, LiveTest, feed
from live.forward import Forward
from live.servers import WordPress, missing

POSTS = 100
PAUSE_S = 0.1
MISSING = missing("php", "mariadbd", "mariadb-install-db", "/usr/share/wordpress")


@unittest.skipIf(MISSING, MISSING)
class WordPressTest(LiveTest):
    def setUp(self):
        super().setUp()
        folder = self.folder / "wordpress"
        folder.mkdir()
        self.folder.chmod(0o755)
        self.wordpress = WordPress(folder)
        self.addCleanup(self.wordpress.stop)
        self.tag = self.wordpress.call("POST", "tags", {"name": TAG})["id"]

    def publish(self, number: int) -> str:
        post = self.wordpress.call("POST", "posts", {
            "title": f"Post {number}", "status": "publish", "tags": [self.tag],
            "content": f"<p>Text {number} with <em>marks</em> &amp; <a href='/'>a link</a></p>"
                       f"<script>alert({number})</script>"})
        return post["guid"]["rendered"]

    def test_posts_that_are_published_meanwhile_are_read_once_and_quiet_costs_a_304(self):
        front = self.stand_in(Forward(self.wordpress.port))
        path = f"tag/{TAG}/feed/"
        before = self.publish(0)
        # That of the tag's feed and that of all; the one by one publishing is for new ones only.
        pipeline = self.pipeline(feed(front, path, name="tag", interval=0.2, backfill="all"),
                                 feed(front, "feed/", name="new", interval=0.2))
        self.until(lambda: len(front.answered()) >= 4, 30, "both were asked twice")
        published = []
        for number in range(1, POSTS + 1):
            published.append(self.publish(number))
            time.sleep(PAUSE_S)
        self.assert_each_once(pipeline, [*(f"tag:{one}" for one in [before, *published]),
                                         *(f"new:{one}" for one in published)], 60)
        texts = dict(pipeline.posts("post_id, text"))
        for number, identity in enumerate(published, 1):
            text = texts[f"tag:{identity}"]
            self.assertIn(f"Text {number} with marks & a link", " ".join(text.split()))
            self.assertNotIn("alert", text)
        # Until a few seconds after a change it is read whole: WordPress's ETag has only seconds.
        self.until(lambda: {one.status for one in front.answered()[-8:]} == {304}, 30,
                   "the feeds are known")
        asked = len(front.answered())
        self.until(lambda: len(front.answered()) >= asked + 8, 30, "some more polls")
        pipeline.stop()
        self.assertEqual({one.status for one in front.answered()[asked:]}, {304})


if __name__ == "__main__":
    unittest.main()
