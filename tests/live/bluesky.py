"""Bluesky: app.bsky.feed.searchPosts and sessions, as the lexicons have them."""

import hashlib
import json
import re
import threading
import time
from datetime import datetime, timezone

from live.stand_in import Answer, Budget, Request, Violation, check_parameters, number

XRPC = "/xrpc/"
PARAMETERS = {"q", "sort", "since", "until", "mentions", "author", "lang", "domain", "url", "tag",
              "limit", "cursor"}


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(
        timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise Violation(f"{text} is no time") from None


class Bluesky:
    """`password`: sessions are wanted, whose access tokens live `token_s`. `plain`: like the
    AppView of @atproto/dev-env, which knows q and cursor and passes over the other filters."""

    WRONG_SHAPES = (b"[]", b"null", b"{}", b'{"posts": 7}', b'{"posts": {"a": 1}}', b'"no"',
                    b'{"posts": [7, null]}', b'{"posts": [{"uri": 5, "record": []}]}',
                    b'{"posts": [], "cursor": 5}', b"[" * 100_000)

    def __init__(self, username: str = "ada.test", password: str = "", token_s: float = 7200,
                 plain: bool = False):
        self.username, self.password, self.token_s = username, password, token_s
        self.plain = plain
        self.budget = Budget()
        self.posts: list[dict] = []     # by (indexedAt, cid), the latest first
        self.sessions, self.refreshes = 0, 0
        self._lock = threading.Lock()
        self._access: dict[str, float] = {}  # to when it ends
        self._refresh: set[str] = set()

    def add(self, text: str, author: str = "ada", lang: str = "en", repost: bool = False,
            reply: bool = False, at: float | None = None) -> str:
        """Publishes a post; returns its URI. `at`: the time that its author claims."""
        if repost:
            raise ValueError("a search finds no reposts")
        with self._lock:
            now = time.time()
            claimed = now if at is None else at
            number = len(self.posts)
            did = "did:plc:" + hashlib.sha256(author.encode()).hexdigest()[:24]
            uri = f"at://{did}/app.bsky.feed.post/3k{number:011d}"
            facets = [{"index": {"byteStart": len(text[:tag.start()].encode()),
                                 "byteEnd": len(text[:tag.end()].encode())},
                       "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": tag[1]}]}
                      for tag in re.finditer(r"#(\w+)", text)]
            record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": iso(claimed),
                      "langs": [lang], "facets": facets}
            if reply:
                record["reply"] = {"root": {"uri": uri + "0", "cid": "bafy"},
                                   "parent": {"uri": uri + "0", "cid": "bafy"}}
            post = {"uri": uri, "cid": "bafy" + hashlib.sha256(uri.encode()).hexdigest(),
                    "author": {"did": did, "handle": f"{author}.test",
                               "displayName": author.title()},
                    "record": record, "indexedAt": iso(min(claimed, now)), "labels": []}
            self.posts = sorted([post, *self.posts], key=self._key, reverse=True)
            return uri

    @staticmethod
    def _key(post: dict) -> tuple[str, str]:
        return post["indexedAt"], post["cid"]

    def limit_headers(self, limit: int, left: int, reset: float) -> dict[str, str]:
        return {"RateLimit-Limit": str(limit), "RateLimit-Remaining": str(left),
                "RateLimit-Reset": str(int(reset)), "RateLimit-Policy": f"{limit};w=300"}

    def answer(self, request: Request) -> Answer:
        calls = {"app.bsky.feed.searchPosts": ("GET", self._search),
                 "com.atproto.server.createSession": ("POST", self._create),
                 "com.atproto.server.refreshSession": ("POST", self._renew)}
        method, call = calls.get(request.path.removeprefix(XRPC), ("", None))
        if request.method != method:
            raise Violation("not a known call")
        allowed, left, reset = self.budget.take()
        limits = self.limit_headers(self.budget.limit, left, reset)
        if not allowed:
            return error(429, "RateLimitExceeded", "Rate Limit Exceeded", limits)
        answer = call(request)
        answer.headers |= limits
        return answer

    # -- sessions -----------------------------------------------------------------------------

    def _create(self, request: Request) -> Answer:
        try:
            asked = json.loads(request.body)
        except ValueError:
            raise Violation("createSession without JSON") from None
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            raise Violation("createSession without its Content-Type")
        if not self.password:
            return error(501, "MethodNotImplemented", "Method Not Implemented")
        if asked != {"identifier": self.username, "password": self.password}:
            return error(401, "AuthenticationRequired", "Invalid identifier or password")
        self.sessions += 1
        return self._session()

    def _renew(self, request: Request) -> Answer:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self._refresh:
            return error(400, "ExpiredToken", "Token has been revoked")
        self._refresh.remove(token)
        self.refreshes += 1
        return self._session()

    def _session(self) -> Answer:
        count = self.sessions + self.refreshes
        access, refresh = f"header.access{count}.signature", f"header.refresh{count}.signature"
        self._access[access] = time.time() + self.token_s
        self._refresh.add(refresh)
        return told({"accessJwt": access, "refreshJwt": refresh, "handle": self.username,
                     "did": "did:plc:ada", "active": True})

    # -- the search -----------------------------------------------------------------------------

    def _search(self, request: Request) -> Answer:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.password:
            if not token:
                return error(401, "AuthMissing", "Authentication Required")
            if token not in self._access:
                return error(400, "InvalidToken", "Token could not be verified")
            if time.time() >= self._access[token]:
                return error(400, "ExpiredToken", "Token has expired")
        elif token:
            raise Violation("a token that nobody asked for")
        check_parameters(request, PARAMETERS)
        asked = request.parameters
        if not asked.get("q"):
            return error(400, "InvalidRequest", 'Missing required key "q"')
        limit = number(request, "limit", 1, 100, 25)
        if asked.get("sort", "latest") != "latest":
            raise Violation(f"sort={asked['sort']}: pages of the others have no order")
        posts = [post for post in self.posts if self._found(post, asked)]
        if "cursor" in asked:
            last = asked["cursor"].partition("__")
            posts = [post for post in posts if self._key(post) < (last[0], last[2])]
        body = {"posts": posts[:limit]}
        if len(posts) > limit:
            body["cursor"] = "__".join(self._key(posts[limit - 1]))
        return told(body)

    def _found(self, post: dict, asked: dict[str, str]) -> bool:
        text = post["record"]["text"]
        if self.plain:
            return asked["q"] in text
        tags = {feature["tag"].casefold() for facet in post["record"]["facets"]
                for feature in facet["features"]}
        return (all(word.casefold() in text.casefold() for word in asked["q"].split())
                and asked.get("tag", "").casefold() in tags | {""}
                and ("since" not in asked or moment(post["indexedAt"]) >= moment(asked["since"]))
                and ("until" not in asked or moment(post["indexedAt"]) < moment(asked["until"])))


def told(body: dict) -> Answer:
    return Answer(200, json.dumps(body).encode(),
                  {"Content-Type": "application/json; charset=utf-8"})


def error(status: int, name: str, message: str, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps({"error": name, "message": message}).encode(),
                  {"Content-Type": "application/json; charset=utf-8", **(headers or {})})
