"""Mastodon: GET /api/v1/timelines/tag/:hashtag, as its documentation has it."""

import html
import json
import re
import threading
import time
from datetime import datetime, timezone
from urllib.parse import quote, urlencode

from live.stand_in import Answer, Budget, Request, Violation, check_parameters, number

PREFIX = "/api/v1/timelines/tag/"
PARAMETERS = {"any[]", "all[]", "none[]", "local", "remote", "only_media", "max_id", "since_id",
              "min_id", "limit"}


class Mastodon:
    """`token`: what the instance wants; "": it is open to all."""

    WRONG_SHAPES = (b"{}", b"null", b'{"posts": []}', b"[[]]", b"[7]", b'"no"', b'[{"id": 5}]',
                    b"[" * 100_000)

    def __init__(self, token: str = ""):
        self.token = token
        self.budget = Budget()
        self.posts: list[dict] = []  # the newest first
        self._lock = threading.Lock()
        self._last = 0

    def add(self, text: str, author: str = "ada", lang: str | None = "en", repost: bool = False,
            reply: bool = False, at: float | None = None) -> str:
        """Publishes a post; returns its id."""
        with self._lock:
            now = time.time() if at is None else at
            self._last = max(int(now * 1000) << 16, self._last + 1)
            identity = str(self._last)
            tags = [tag.lower() for tag in re.findall(r"#(\w+)", text)]
            marked = re.sub(r"#(\w+)", lambda tag: (
                f'<a href="http://127.0.0.1/tags/{quote(tag[1])}" class="mention hashtag" '
                f'rel="tag">#<span>{tag[1]}</span></a>'), html.escape(text, quote=False))
            self.posts.insert(0, {
                "id": identity, "in_reply_to_id": "1" if reply else None, "reblog": None,
                "created_at": datetime.fromtimestamp(now, timezone.utc).isoformat(
                    timespec="milliseconds").replace("+00:00", "Z"),
                "language": lang, "visibility": "public", "edited_at": None,
                "uri": f"http://127.0.0.1/users/{author}/statuses/{identity}",
                "url": f"http://127.0.0.1/@{author}/{identity}",
                "content": f"<p>{marked}</p>", "media_attachments": [],
                "account": {"id": str(sum(author.encode())), "username": author, "acct": author,
                            "display_name": author.title(),
                            "url": f"http://127.0.0.1/@{author}"},
                "tags": [{"name": tag, "url": f"http://127.0.0.1/tags/{quote(tag)}"}
                         for tag in tags]})
            if repost:
                self.posts[0]["reblog"] = {**self.posts[0], "id": "7"}
            return identity

    def limit_headers(self, limit: int, left: int, reset: float) -> dict[str, str]:
        return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(left),
                "X-RateLimit-Reset": datetime.fromtimestamp(reset, timezone.utc).isoformat(
                    timespec="microseconds").replace("+00:00", "Z")}

    def answer(self, request: Request) -> Answer:
        if request.method != "GET" or not request.path.startswith(PREFIX):
            raise Violation("not a known call")
        given = request.headers.get("authorization", "")
        if self.token and given != f"Bearer {self.token}":
            return told(401, {"error": "The access token is invalid" if given else
                              "This API requires an authenticated user"})
        if given and not self.token:
            raise Violation("a token that nobody asked for")
        allowed, left, reset = self.budget.take()
        limits = self.limit_headers(self.budget.limit, left, reset)
        if not allowed:
            return told(429, {"error": "Too many requests"}, limits)
        check_parameters(request, PARAMETERS)
        page = self._page(request)
        if page:
            limits["Link"] = self._links(request, page)
        return told(200, page, limits)

    def _page(self, request: Request) -> list[dict]:
        tag = request.path.removeprefix(PREFIX)
        if not re.fullmatch(r"\w+", tag):
            raise Violation(f"{tag} is no hashtag")
        limit = number(request, "limit", 1, 40, 20)
        asked = {name: int(request.parameters[name]) for name in ("max_id", "since_id", "min_id")
                 if name in request.parameters}
        posts = [post for post in list(self.posts)
                 if any(one["name"] == tag.lower() for one in post["tags"])
                 and int(post["id"]) < asked.get("max_id", 1 << 64)
                 and int(post["id"]) > asked.get("since_id", -1)
                 and int(post["id"]) > asked.get("min_id", -1)]
        # min_id: those next to it; otherwise the newest. In both cases the newest first.
        return posts[-limit:] if "min_id" in asked else posts[:limit]

    @staticmethod
    def _links(request: Request, page: list[dict]) -> str:
        """What was asked, with another border."""
        rest = {name: value for name, value in request.parameters.items()
                if name not in ("max_id", "since_id", "min_id")}
        where = f"http://{request.headers['host']}{quote(request.path)}"
        older = urlencode({**rest, "max_id": page[-1]["id"]})
        newer = urlencode({**rest, "min_id": page[0]["id"]})
        return f'<{where}?{older}>; rel="next", <{where}?{newer}>; rel="prev"'


def told(status: int, body, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(body).encode(),
                  {"Content-Type": "application/json; charset=utf-8", **(headers or {})})
