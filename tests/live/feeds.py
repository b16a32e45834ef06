"""Feeds: documents with ETag, Last-Modified and Cache-Control, as a careful server has them."""

import email.utils
import hashlib
import html
import threading
import time

from live.stand_in import Answer, Request, Violation, check_parameters

RSS = '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>T</title>' \
      '<link>http://127.0.0.1/</link><description>D</description>\n{items}</channel></rss>'
ITEM = '<item><title>{text}</title><link>http://127.0.0.1/{number}</link>' \
       '<guid isPermaLink="false">{identity}</guid><pubDate>{date}</pubDate>{tags}' \
       '<dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">{author}</dc:creator>' \
       '<description>{text}</description></item>\n'


class Feed:
    """One document. `fixed`: its bytes; otherwise an RSS feed of what is added, the newest first,
    `size` of them at most."""

    def __init__(self, fixed: bytes | None = None, content_type: str = "application/rss+xml",
                 size: int = 1_000_000, max_age: int | None = None):
        self.fixed, self.content_type, self.size, self.max_age = fixed, content_type, size, max_age
        self.moved = ""              # 301 to there
        self.status = 200
        self.basic = ""              # what Authorization has to be
        self._items: list[str] = []
        self._changed = int(time.time()) - 60
        self._lock = threading.Lock()

    def add(self, text: str, author: str = "ada", lang: str = "en", repost: bool = False,
            reply: bool = False, at: float | None = None) -> str:
        """Publishes a post; returns its id. A feed has one language, and knows no reposts."""
        if repost or reply or lang != "en":
            raise ValueError("a feed cannot say that")
        with self._lock:
            number = len(self._items)
            identity = f"urn:post:{number}"
            self._items.append(ITEM.format(
                text=html.escape(text), number=number, identity=identity, author=author,
                date=email.utils.formatdate(time.time() if at is None else at, usegmt=True),
                tags="".join(f"<category>{html.escape(word[1:])}</category>"
                             for word in text.split() if word.startswith("#"))))
            self._changed += 1
            return identity

    def answer(self, request: Request) -> Answer:
        if request.method != "GET":
            raise Violation("not a known call")
        check_parameters(request, set())
        if request.headers.get("authorization", "") != self.basic:
            return Answer(401, b"", {"WWW-Authenticate": 'Basic realm="feed"'})
        if self.moved:
            return Answer(301, b"", {"Location": self.moved})
        if self.status != 200:
            return Answer(self.status)
        with self._lock:
            body = self.fixed if self.fixed is not None else RSS.format(
                items="".join(reversed(self._items[-self.size:]))).encode()
            changed = email.utils.formatdate(self._changed, usegmt=True)
        etag = f'W/"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = {"ETag": etag, "Last-Modified": changed}
        if self.max_age is not None:
            headers["Cache-Control"] = f"public, max-age={self.max_age}"
        known, since = (request.headers.get(name, "") for name in
                        ("if-none-match", "if-modified-since"))
        if known == etag or (not known and since == changed):
            return Answer(304, b"", headers)
        return Answer(200, body, {"Content-Type": self.content_type, **headers})


class Feeds:
    """Documents by their paths."""

    WRONG_SHAPES = (b"", b"{}", b"<html><body>Sign in</body></html>", b"\x00" * 100, b"null",
                    b"<rss/>", b"<?xml version='1.0'?>", b"<a>" * 100_000, b"[" * 100_000)

    def __init__(self, **documents: Feed):
        self.documents = {f"/{name}": feed for name, feed in documents.items()}

    def limit_headers(self, _limit: int, _left: int, reset: float) -> dict[str, str]:
        return {"Retry-After": str(max(1, int(reset - time.time())))}

    def answer(self, request: Request) -> Answer:
        if request.path not in self.documents:
            return Answer(404)
        return self.documents[request.path].answer(request)
