"""The stand-ins themselves: they keep their platforms' contracts, and their faults are faults."""

import http.client
import json
import re
import socket
import time
import unittest
from unittest import mock

from live.bluesky import Bluesky
from live.case import TAG, TOKEN, LiveTest
from live.faults import FAULTS, Plan
from live.feeds import Feed, Feeds
from live.mastodon import Mastodon
from live.stand_in import Violation
from live.x import Query, X


class StandInTest(LiveTest):
    def get(self, stand_in, path: str, **headers):
        """Status, headers and body of one answer."""
        connection = http.client.HTTPConnection("127.0.0.1", stand_in.port, timeout=1)
        try:
            connection.request("GET", path, headers={"User-Agent": "test", **headers})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def test_x_finds_by_query_and_gives_what_was_asked_for(self):
        site = X(TOKEN)
        posts = [site.add(f"post {number} #{TAG} & more", lang="de" if number % 2 else "en")
                 for number in range(25)]
        site.add(f"again #{TAG}", repost=True)
        stand_in = self.stand_in(site)
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        path = f"/2/tweets/search/recent?query=%23{TAG}%20-is%3Aretweet&max_results=10"
        self.assertEqual(self.get(stand_in, path)[0], 401)
        found, token = [], ""
        while token is not None:
            status, headers, body = self.get(stand_in, path + token, **bearer)
            self.assertEqual(status, 200)
            self.assertIn("x-rate-limit-reset", headers)
            answer = json.loads(body)
            found += [post["id"] for post in answer["data"]]
            self.assertEqual(set(answer["data"][0]), {"id", "text", "edit_history_tweet_ids"})
            self.assertEqual(answer["meta"]["result_count"], len(answer["data"]))
            token = "next_token" in answer["meta"] and f"&next_token={answer['meta']['next_token']}"
            token = token or None
        self.assertEqual(found, posts[::-1])
        answer = json.loads(self.get(
            stand_in, f"{path}&since_id={posts[-2]}&tweet.fields=created_at,lang&"
            "expansions=author_id", **bearer)[2])
        self.assertEqual([post["lang"] for post in answer["data"]], ["en"])
        self.assertEqual(answer["includes"]["users"][0]["username"], "ada")
        nothing = json.loads(self.get(stand_in, f"{path}&since_id={int(posts[-1]) + 9}",
                                      **bearer)[2])
        self.assertEqual(nothing, {"meta": {"result_count": 0}})

    def test_x_refuses_queries_that_are_none(self):
        for query in ("", "-is:retweet", "(#a OR #b", "#a OR", "#a lang:en nothing:5", "#a-b",
                      "#a " * 200):
            with self.subTest(query), self.assertRaises(Violation):
                Query(query)
        post = {"from": "ada", "lang": "en", "entities": {"hashtags": [{"tag": "B"}]}}
        self.assertTrue(Query("(#a OR #b) -is:retweet lang:en").matches(post))
        self.assertFalse(Query("#a OR #b lang:de").matches(post))

    def test_mastodon_pages_forward_from_min_id(self):
        site = Mastodon()
        posts = [site.add(f"post {number} #{TAG}") for number in range(50)]
        stand_in = self.stand_in(site)
        path = f"/api/v1/timelines/tag/{TAG}?limit=20"

        def page(more: str) -> list[str]:
            return [post["id"] for post in json.loads(self.get(stand_in, path + more)[2])]
        self.assertEqual(page(""), posts[:29:-1])
        self.assertEqual(page(f"&min_id={posts[9]}"), posts[29:9:-1])
        self.assertEqual(page(f"&since_id={posts[9]}"), posts[:29:-1])
        self.assertEqual(page(f"&max_id={posts[10]}"), posts[9::-1])
        self.assertEqual(page(f"&min_id={posts[-1]}"), [])
        link = self.get(stand_in, path)[1]["Link"]
        self.assertRegex(link, re.escape(f'min_id={posts[-1]}>; rel="prev"'))

    def test_bluesky_pages_by_cursor_and_ends_sessions(self):
        site = Bluesky(password="secret", token_s=0.2)
        posts = [site.add(f"post {number} #{TAG}", at=time.time() - 100 + number)
                 for number in range(30)]
        stand_in = self.stand_in(site)
        path = f"/xrpc/app.bsky.feed.searchPosts?q=%23{TAG}&limit=20"
        self.assertEqual(self.get(stand_in, path)[0], 401)
        connection = http.client.HTTPConnection("127.0.0.1", stand_in.port, timeout=5)
        connection.request("POST", "/xrpc/com.atproto.server.createSession",
                           json.dumps({"identifier": "ada.test", "password": "secret"}),
                           {"User-Agent": "test", "Content-Type": "application/json"})
        session = json.loads(connection.getresponse().read())
        connection.close()
        bearer = {"Authorization": f"Bearer {session['accessJwt']}"}
        first = json.loads(self.get(stand_in, path, **bearer)[2])
        rest = json.loads(self.get(stand_in, f"{path}&cursor={first['cursor']}", **bearer)[2])
        self.assertEqual([post["uri"] for post in first["posts"] + rest["posts"]], posts[::-1])
        self.assertNotIn("cursor", rest)
        self.until(lambda: self.get(stand_in, path, **bearer)[0] == 400, 5, "it expires")
        self.assertIn(b"ExpiredToken", self.get(stand_in, path, **bearer)[2])

    def test_feeds_answer_conditional_requests(self):
        site = Feed()
        site.add(f"one #{TAG}")
        stand_in = self.stand_in(Feeds(feed=site))
        status, headers, body = self.get(stand_in, "/feed")
        self.assertEqual((status, body.count(b"<item>")), (200, 1))
        known = {"If-None-Match": headers["ETag"], "If-Modified-Since": headers["Last-Modified"]}
        self.assertEqual(self.get(stand_in, "/feed", **known)[0], 304)
        site.add(f"two #{TAG}")
        self.assertEqual(self.get(stand_in, "/feed", **known)[0], 200)

    @mock.patch("live.faults.PATIENCE_S", 2)
    def test_no_fault_gives_an_honest_answer(self):
        site = Mastodon()
        site.add(f"post #{TAG}")
        path = f"/api/v1/timelines/tag/{TAG}"
        honest = self.get(self.stand_in(site), path)[2]
        for fault in FAULTS:
            with self.subTest(fault):
                stand_in = self.stand_in(site)
                stand_in.faults = Plan(fault)
                try:
                    status, headers, body = self.get(stand_in, path)
                except (OSError, http.client.HTTPException):
                    pass  # as bad as it should be
                else:
                    self.assertTrue(status != 200 or body != honest or "gzip" in headers.get(
                        "Content-Encoding", ""))
                self.assertEqual(stand_in.requests[0].fault, fault)
                # And the server lives.
                self.assertEqual(self.get(stand_in, path)[2], honest)

    def test_what_is_not_allowed_is_noted(self):
        site = Mastodon()
        stand_in = self.stand_in(site)
        for path in ("/", f"/api/v1/timelines/tag/{TAG}?limit=41",
                     f"/api/v1/timelines/tag/{TAG}?cursor=5"):
            self.assertEqual(self.get(stand_in, path)[0], 400)
        self.assertEqual(len(stand_in.violations), 3)
        stand_in.violations.clear()
        with socket.create_connection(("127.0.0.1", stand_in.port)) as raw:
            raw.sendall(b"nonsense\r\n\r\n")
            self.assertEqual(raw.recv(10), b"")
        self.assertEqual(len(stand_in.violations), 1)
        stand_in.violations.clear()


if __name__ == "__main__":
    unittest.main()
