"""A real WordPress as target: each post is there once, with its tags and its PDF."""

import json
import unittest

from live.case import LiveTest
from live.servers import WordPress, missing

POSTS = 100
KILLS = 2
MISSING = missing("php", "mariadbd", "mariadb-install-db", "/usr/share/wordpress")
TAGS = ("rust", "日本", "C", "computer_science")


def posts(count: int = POSTS) -> list[dict]:
    """Each with a word of its own, and some that would like to command WordPress."""
    return [{"id": str(number), "author": "ada", "author_name": "Ada <b>",
             "created_at": f"2026-11-20T10:{number // 60:02}:{number % 60:02}Z",
             "url": f"https://example.org/posts/{number}", "lang": "en",
             "text": f"Number{number}x says <i>no</i> [gallery] & #{TAGS[number % 4]}.\n"
                     "<!-- wp:latest-posts /--> https://example.org/?a=1&b=[2]",
             "hashtags": [TAGS[number % 4], "all"]} for number in range(count)]


@unittest.skipIf(MISSING, MISSING)
class WordPressTargetTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)
        folder = self.folder / "wordpress"
        folder.mkdir()
        self.wordpress = WordPress(folder)
        self.addCleanup(self.wordpress.stop)
        self.source = self.folder / "posts.jsonl"
        self.source.write_text("".join(json.dumps(one) + "\n" for one in posts()))

    def target(self, **options) -> dict:
        return {"name": "blog", "uri": f"wordpress+http://{self.wordpress.host}",
                "formats": ["html", "pdf"], "username": self.wordpress.USER,
                "password": self.wordpress.password, "status": "draft", "defer_after": 120,
                "timeout": 2, **options}

    def run_all(self, kills: int = 0, **options):
        pipeline = self.pipeline({"uri": f"file:{self.source}", "name": "s"}, hashtags=["all"],
                                 max_demand=6, targets=[self.target(**options)])
        for kill in range(1, kills + 1):
            pipeline.until_posts(kill * POSTS // (kills + 2), 60)
            pipeline.kill("republisher")
            pipeline.start("republisher")
        self.until(lambda: pipeline.posts() and len(pipeline.publications()) == 2 * POSTS, 240,
                   "all have ended")
        self.assertEqual(set(pipeline.publications("status, error")), {("published", None)})
        pipeline.stop()
        return pipeline

    def assert_each_once(self, kind: str = "draft") -> None:
        """On the server, by its database and by its interface."""
        rows = self.wordpress.sql(
            "SELECT p.ID, p.post_name, p.post_date_gmt, p.post_status, p.post_title,"
            " (SELECT GROUP_CONCAT(t.name ORDER BY t.name) FROM wp_term_relationships r"
            "  JOIN wp_term_taxonomy x USING (term_taxonomy_id) JOIN wp_terms t USING (term_id)"
            "  WHERE r.object_id = p.ID AND x.taxonomy = 'post_tag'),"
            " (SELECT GROUP_CONCAT(f.ID) FROM wp_posts f"
            "  WHERE f.post_type = 'attachment' AND f.post_parent = p.ID)"
            " FROM wp_posts p WHERE p.post_type = 'post' AND p.post_status <> 'auto-draft'"
            " ORDER BY p.post_date_gmt")
        self.assertEqual(len(rows), POSTS)
        files = self.wordpress.sql("SELECT ID, guid FROM wp_posts WHERE post_type = 'attachment'")
        self.assertEqual(len(files), POSTS)
        self.assertEqual(self.wordpress.total(f"posts?status={kind}"), POSTS)
        self.assertEqual(self.wordpress.total("media"), POSTS)
        addresses = dict(files)
        contents = {one["id"]: one["content"] for one in self.wordpress.call(
            "GET", f"posts?status={kind}&per_page={POSTS}&context=edit&_fields=id,content")}
        for number, (identity, slug, date, status, title, tags, attached) in enumerate(rows):
            self.assertRegex(slug, rf"^number{number}x-says-[a-z-]+-[0-9a-f]{{16}}$")
            self.assertEqual(date, f"2026-11-20 10:{number // 60:02}:{number % 60:02}")
            self.assertEqual(status, kind)
            self.assertEqual(title, f"Number{number}x says &lt;i&gt;no&lt;/i&gt; [gallery] &amp; "
                                    f"#{TAGS[number % 4]}.")
            self.assertEqual(sorted(tags.split(",")), sorted(["all", TAGS[number % 4]]))
            content = contents[int(identity)]
            self.assertIn(attached, addresses)
            self.assertEqual(content["raw"].count(addresses.pop(attached)), 1)
            self.assertIn("says &lt;i&gt;no&lt;/i&gt; &#91;gallery]", content["rendered"])
            self.assertNotIn("<ul class=\"wp-block-latest-posts", content["rendered"])
            self.assertIn(f'<a href="https://example.org/posts/{number}"', content["raw"])
        self.assertEqual(addresses, {}, "files that belong to no post")

    def test_each_post_and_its_pdf_is_there_once_whoever_is_killed(self):
        self.run_all(kills=KILLS)
        self.assert_each_once()
        # Nobody remembers: what is made again is found to be the second, and removed.
        self.run_all()
        self.assert_each_once()


if __name__ == "__main__":
    unittest.main()
