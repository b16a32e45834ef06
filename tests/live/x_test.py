"""X: what is asked of the recent search, and what becomes of its answers."""

import unittest

from live import recorded
from live.behaviour import Behaviour
from live.case import TAG, TOKEN, LiveTest, x
from live.x import QUERY_LENGTH, X


class XTest(Behaviour, LiveTest):
    def site(self):
        return X(TOKEN)

    def serve(self, site):
        return self.stand_in(site)

    def source(self, stand_in, **options):
        return x(stand_in, **options)

    def test_a_query_that_gets_too_long_is_split(self):
        site = self.site()
        tags = [f"averylonghashtagindeed{number}" for number in range(60)]
        posts = [site.add(f"of #{tag}") for tag in tags]
        posts.append(site.add(f"of two queries #{tags[0]} #{tags[-1]}"))
        stand_in = self.serve(site)
        pipeline = self.pipeline(x(stand_in, name="s", backfill="all"), hashtags=tags)
        self.assert_each_once(pipeline, [f"s:{one}" for one in posts])
        pipeline.stop()
        queries = {one.parameters["query"] for one in stand_in.requests}
        self.assertLessEqual(max(map(len, queries)), QUERY_LENGTH)
        self.assertLessEqual(len(queries), 6)  # as few as it takes

    def test_a_wrong_token_is_told_and_others_go_on(self):
        wrong, right = self.serve(X("another")), self.serve(self.site())
        post = right.site.add(f"seen #{TAG}")
        pipeline = self.pipeline(x(wrong, name="wrong", backfill="all"),
                                 x(right, name="right", backfill="all"))
        self.assert_each_once(pipeline, [f"right:{post}"])
        self.until(lambda: "401" in pipeline.said("ingestor"), 10, "the log says 401")
        pipeline.stop()

    def test_amounts_of_one_poll_are_small(self):
        """Each call and each post costs money: what was read is not asked for again."""
        site = self.site()
        stand_in = self.serve(site)
        posts = [site.add(f"post {number} #{TAG}") for number in range(250)]
        pipeline = self.pipeline(x(stand_in, name="s", backfill="all", interval=0.3))
        self.assert_each_once(pipeline, [f"s:{one}" for one in posts])
        self.until(lambda: len(stand_in.requests) >= 6, 20, "some polls")
        pipeline.stop()
        with_posts = [one for one in stand_in.requests if "since_id" not in one.parameters]
        self.assertEqual(len(with_posts), 3, [one.target for one in stand_in.requests])
        self.assertIn("-is:retweet", stand_in.requests[0].parameters["query"])

    @unittest.skipIf(recorded.missing(), recorded.missing())
    def test_reads_the_recorded_answers(self):
        site = recorded.x()
        stand_in = self.serve(site)
        recorded_posts = {f"s:{post['id']}": post for post in site.posts}
        pipeline = self.pipeline(x(stand_in, name="s", backfill="all", reposts=True),
                                 hashtags=["puppies", "nyc"])
        self.assert_each_once(pipeline, list(recorded_posts))
        for identity, text, author, lang in pipeline.posts("post_id, text, author, lang"):
            post = recorded_posts[identity]
            self.assertEqual(text, plain(post["text"]))
            if "author_id" in post and post["author_id"] in site.users:
                self.assertEqual(author, site.users[post["author_id"]]["username"])
            if post.get("lang", "und") != "und":
                self.assertEqual(lang, post["lang"])
        pipeline.stop()
        self.assertEqual(sum("next_token" in one.parameters for one in stand_in.requests), 3)


def plain(text: str) -> str:
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return text


if __name__ == "__main__":
    unittest.main()
