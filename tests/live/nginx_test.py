"""Static feeds from nginx, good ones and bad ones side by side."""

import os
import re
import time
import unittest
from pathlib import Path

from live.case import TAG, LiveTest
from live.servers import Nginx, missing

MISSING = missing("/usr/sbin/nginx")
HEAD = '<?xml version="1.0" encoding="{encoding}"?>\n{doctype}<rss version="2.0"><channel>' \
       '<title>T</title><link>http://127.0.0.1/</link><description>D</description>\n'
TAIL = "</channel></rss>\n"
MEMORY_KIB = 256 << 10


def item(identity: str, text: str) -> str:
    return (f'<item><title>Post {identity}</title><guid isPermaLink="false">{identity}</guid>'
            f"<category>{TAG}</category><description>{text}</description></item>\n")


def rss(items: str, encoding: str = "UTF-8", doctype: str = "") -> bytes:
    head = HEAD.format(encoding=encoding, doctype=doctype)
    return (head + items + TAIL).encode(encoding)


@unittest.skipIf(MISSING, MISSING)
class NginxTest(LiveTest):
    def setUp(self):
        super().setUp()
        folder = self.folder / "nginx"
        folder.mkdir()
        self.nginx = Nginx(folder)
        self.addCleanup(self.nginx.stop)

    def put(self, name: str, body: bytes) -> None:
        """Whole or not at all, as a careful publisher does it."""
        path = self.nginx.www / name
        fresh = path.with_suffix(".new")
        fresh.write_bytes(body)
        # A second that has passed: nginx' ETag is made of the time and the size.
        changed = time.time() - 1000 + len(list(self.nginx.www.iterdir()))
        os.utime(fresh, (changed, changed))
        fresh.replace(path)

    def source(self, name: str, path: str, **options) -> dict:
        return {"uri": f"feed+http://{self.nginx.host}/{path}", "name": name, "interval": 0.2,
                "backfill": "all", **options}

    def test_a_static_feed_that_grows(self):
        self.put("a.rss", rss(item("1", "first")))
        pipeline = self.pipeline(self.source("s", "a.rss"))
        pipeline.until_posts(1, 20)
        self.until(lambda: len(self.nginx.statuses("/a.rss")) >= 5, 20, "some polls")
        self.put("a.rss", rss(item("2", "second") + item("1", "first")))
        self.assert_each_once(pipeline, ["s:1", "s:2"])
        asked = len(self.nginx.statuses("/a.rss"))
        self.until(lambda: len(self.nginx.statuses("/a.rss")) >= asked + 3, 20, "more polls")
        pipeline.stop()
        statuses = self.nginx.statuses("/a.rss")
        self.assertEqual([one for one in statuses if one != 304], [200, 200])

    def test_bad_feeds_are_read_as_far_as_they_can_be_and_stop_nobody(self):
        many = "".join(item(f"big{number}", "x" * 20_000) for number in range(1000))
        entities = "".join(f'<!ENTITY e{number} "{number}">' for number in range(1000))
        bomb = '<!ENTITY a0 "ha">' + "".join(
            f'<!ENTITY a{number} "{f"&a{number - 1};" * 10}">' for number in range(1, 10))
        whole = rss("".join(item(f"c{number}", "text") for number in range(40)))
        feeds = {
            "big": rss(many),  # 20 MB
            "entities": rss(item("e", "&amp;" * 1_000_000)),
            "declared": rss(item("d", "".join(f"&e{number};" for number in range(1000)) * 100),
                            doctype=f"<!DOCTYPE rss [{entities}]>\n"),
            "bomb": rss(item("b", "&a9;"), doctype=f"<!DOCTYPE rss [{bomb}]>\n"),
            "outside": rss(item("o", "&o;"), doctype='<!DOCTYPE rss [<!ENTITY o SYSTEM '
                           '"file:///etc/passwd">]>\n'),
            "windows": rss(item("w", "Привет, мир: «да» — №5"), encoding="windows-1251"),
            "cut": whole[:len(whole) // 2],
            "repeated": rss(item("r", "first") + item("r", "again") + item("r2", "other")),
            "empty": b"", "page": b"<html><body><p>Sign in</body>", "zeros": bytes(10_000)}
        for name, body in feeds.items():
            self.put(f"{name}.rss", body)
        self.put("good.rss", rss(item("1", "first")))
        pipeline = self.pipeline(*(self.source(name, f"{name}.rss") for name in feeds),
                                 self.source("good", "good.rss"))
        expected = {"good:1", "windows:w", "repeated:r", "repeated:r2",
                    *(f"cut:c{number}" for number in range(15))}
        self.until(lambda: expected <= set(pipeline.posts()), 60, "what can be read is there")
        self.until(lambda: all(len(self.nginx.statuses(f"/{name}.rss")) >= 2 for name in feeds),
                   90, "all were asked twice")
        self.put("good.rss", rss(item("2", "second") + item("1", "first")))
        self.until(lambda: "good:2" in pipeline.posts(), 20, "the good one goes on")
        pipeline.stop()
        texts = dict(pipeline.posts("post_id, text"))
        self.assertIn("Привет, мир: «да» — №5", texts["windows:w"])
        self.assertIn("first", texts["repeated:r"])
        self.assertFalse([one for one in texts if one.startswith("big:")])
        root = Path("/etc/passwd").read_text().splitlines()[0]
        self.assertFalse([one for one in texts.values() if root in one])
        for name in ("big", "cut", "empty", "page", "zeros"):
            with self.subTest(name):
                lines = re.findall(rf".* source={name} .*", pipeline.said("ingestor"))
                self.assertEqual(len(lines), 1, lines)
        self.assertLess(pipeline.peak_kib, MEMORY_KIB)


if __name__ == "__main__":
    unittest.main()
