"""republisher --preview: what would be sent where, and nothing is sent."""

import json
import subprocess
import unittest

from live.case import LiveTest
from live.hook import Hook

POST = {"id": 7, "text": "word " * 120 + "\u202ebackwards", "url": "https://example.org/7",
        "hashtags": ["one", "two"], "media": [{"type": "image", "url": "https://example.org/1.png",
                                               "alt": "A cat"}]}


class PreviewTest(LiveTest):
    def preview(self, lines: str, *targets: dict, file: str = "posts.jsonl"):
        pipeline = self.pipeline(targets=list(targets), start=False)
        (pipeline.folder / "posts.jsonl").write_text(lines)
        before = sorted(pipeline.folder.iterdir())
        done = subprocess.run(pipeline.command("republisher", "--preview", file),
                              cwd=pipeline.folder, capture_output=True, text=True, timeout=30)
        self.assertEqual(sorted(pipeline.folder.iterdir()), before)
        return done

    def test_each_publication_is_shown_and_nothing_is_sent(self):
        stand_in = self.stand_in(Hook())
        done = self.preview(
            json.dumps(POST) + "\n",
            {"name": "site", "uri": "directory:site", "formats": ["html", "text"]},
            {"name": "hook", "uri": f"webhook+http://{stand_in.host}/in?s3cret",
             "formats": ["json"]},
            {"name": "dav", "uri": "webdav+https://d.example/news", "formats": ["markdown"]},
            {"name": "toots", "uri": "mastodon+https://m.example", "formats": ["text"],
             "token": "s3cret", "template": "{text}\n\n{hashtags} {media}\n{url}"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "preview:7")
        self.assertRegex(lines[1], r"^  site html: /.*/preview_3a7\.html, text/html, \d+ bytes$")
        self.assertRegex(lines[3], rf"^  hook json: http://{stand_in.host}/in, application/json, ")
        self.assertRegex(lines[4], r"^  dav markdown: https://d.example/news/preview_3a7.md, ")
        self.assertEqual(lines[5], "  toots text: https://m.example, 500 of 500 characters")
        self.assertEqual(lines[6], "    | " + "word " * 89 + "word…")
        self.assertEqual(lines[7:], ["    | ", "    | #one #two [image: A cat]",
                                     "    | https://example.org/7"])
        self.assertNotIn("s3cret", done.stdout)
        self.assertEqual(stand_in.requests, [])

    def test_lines_that_are_no_post_are_told_and_the_others_shown(self):
        target = {"name": "nowhere", "uri": "null:", "formats": ["text"]}
        done = self.preview("\n".join([json.dumps(POST), "", "{]", '{"id": 8}', json.dumps(POST)]),
                            target)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.count("nowhere text: null:, text/plain, "), 2)
        self.assertEqual([line.split(": ")[0] for line in done.stderr.splitlines()],
                         ["posts.jsonl:3", "posts.jsonl:4"])
        done = self.preview("x" * (5 << 20) + "\n" + json.dumps(POST), target)
        self.assertIn("posts.jsonl:1: is longer than 4 MiB", done.stderr)
        self.assertIn("preview:7", done.stdout)

    def test_the_first_hundred_posts_are_shown(self):
        lines = "".join(json.dumps({**POST, "id": one}) + "\n" for one in range(101))
        done = self.preview(lines, {"name": "nowhere", "uri": "null:", "formats": ["text"]})
        self.assertEqual(done.returncode, 0)
        self.assertIn("preview:99\n", done.stdout)
        self.assertTrue(done.stdout.endswith("and more: the first 100 posts are shown\n"))

    def test_a_file_that_cannot_be_read_is_an_error(self):
        done = self.preview("", {"name": "nowhere", "uri": "null:", "formats": ["text"]},
                            file="nothing.jsonl")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing.jsonl cannot be read", done.stderr)


if __name__ == "__main__":
    unittest.main()
