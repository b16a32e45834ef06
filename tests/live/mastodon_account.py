"""An account on Mastodon that is published to, as its documentation has it: statuses with an
Idempotency-Key that is kept for a while, the instance's limits, the account's own statuses."""

import html
import json
import re
import threading
import time
import unicodedata
from datetime import datetime, timezone

from live.mastodon import told
from live.stand_in import Answer, Budget, Request, Violation, check_parameters, number

TOKEN = "a-token-of-mastodon"
ACCOUNT = "109348"
LINK = re.compile(r"https?://[^\s<>]+")
JOINED = re.compile("\u200d.")  # into one emoji
KEYS = {"status", "visibility", "language"}


def length(text: str) -> int:
    """As the server counts it; characters that join others do not count (more than it would)."""
    rest, links = LINK.subn("", text)
    rest = JOINED.sub("", rest)
    joined = sum(unicodedata.category(one) in ("Mn", "Me", "Cf") for one in rest)
    return len(rest) - joined + 23 * links


def as_html(text: str) -> str:
    def link(found) -> str:
        scheme, rest = html.unescape(found[0]).split("://")
        shown, hidden = rest[:30], rest[30:]
        return (f'<a href="{found[0]}" target="_blank" rel="nofollow noopener noreferrer">'
                f'<span class="invisible">{scheme}://</span>'
                f'<span class="{"ellipsis" if hidden else ""}">{html.escape(shown)}</span>'
                f'<span class="invisible">{html.escape(hidden)}</span></a>')

    paragraphs = html.escape(text, quote=False).split("\n\n")
    return "".join("<p>" + LINK.sub(link, one).replace("\n", "<br />") + "</p>"
                   for one in paragraphs)


class MastodonAccount:
    """`kept_s`: how long a key is kept, an hour at the real one. `characters`: of a status."""

    WRONG_SHAPES = (b"{}", b"null", b'{"posts": []}', b"[[]]", b"[7]", b'"no"', b'[{"id": 5}]',
                    b'{"id": 5}', b"[" * 100_000)

    def __init__(self, kept_s: float = 3600.0, characters: int = 500):
        self.kept_s, self.characters = kept_s, characters
        self.budget = Budget()
        self.statuses: list[dict] = []   # the newest first
        self.repeated = 0                # asked for with a key that was kept
        self.refused = 0                 # 422
        self._keys: dict[str, tuple[float, dict]] = {}
        self._lock = threading.Lock()
        self._last = 0

    @staticmethod
    def limit_headers(limit: int, left: int, reset: float) -> dict[str, str]:
        return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(left),
                "X-RateLimit-Reset": datetime.fromtimestamp(reset, timezone.utc).isoformat(
                    timespec="microseconds").replace("+00:00", "Z")}

    def keys(self) -> int:
        """That are kept at present."""
        with self._lock:
            return sum(time.time() < until for until, _ in self._keys.values())

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return told(401, {"error": "The access token is invalid"})
        allowed, left, reset = self.budget.take()
        limits = self.limit_headers(self.budget.limit, left, reset)
        if not allowed:
            return told(429, {"error": "Too many requests"}, limits)
        with self._lock:
            status, body = self._answer(request)
        return told(status, body, limits)

    def _answer(self, request: Request) -> tuple[int, object]:
        if request.method == "POST" and request.path == "/api/v1/statuses":
            return self._publish(request)
        if request.method != "GET":
            raise Violation("not a known call")
        if request.path == "/api/v2/instance":
            return 200, {"configuration": {"statuses": {
                "max_characters": self.characters, "characters_reserved_per_url": 23}}}
        if request.path == "/api/v1/accounts/verify_credentials":
            return 200, {"id": ACCOUNT, "username": "me", "acct": "me"}
        if request.path == f"/api/v1/accounts/{ACCOUNT}/statuses":
            return 200, self._page(request)
        raise Violation("not a known call")

    def _publish(self, request: Request) -> tuple[int, dict]:
        if request.headers.get("content-type") != "application/json":
            raise Violation("no JSON")
        key = request.headers.get("idempotency-key")
        if not key:
            raise Violation("no Idempotency-Key")
        asked = json.loads(request.body)
        if not {"status", "visibility"} <= set(asked) <= KEYS:
            raise Violation(f"a status with {', '.join(sorted(asked))}")
        until, made = self._keys.get(key, (0.0, {}))
        if time.time() < until:
            self.repeated += 1
            return 200, made
        if not asked["status"].strip() or length(asked["status"]) > self.characters:
            self.refused += 1
            return 422, {"error": "Validation failed: Text character limit of "
                                  f"{self.characters} exceeded"}
        now = time.time()
        self._last = max(int(now * 1000) << 16, self._last + 1)
        made = {"id": str(self._last), "url": f"https://m.example/@me/{self._last}",
                "created_at": datetime.fromtimestamp(now, timezone.utc).isoformat(
                    timespec="milliseconds").replace("+00:00", "Z"),
                "content": as_html(asked["status"]), "visibility": asked["visibility"],
                "language": asked.get("language"), "text": asked["status"]}
        self.statuses.insert(0, made)
        self._keys[key] = (now + self.kept_s, made)
        return 200, made

    def _page(self, request: Request) -> list[dict]:
        check_parameters(request, {"limit", "max_id", "exclude_replies", "exclude_reblogs"})
        limit = number(request, "limit", 1, 40, 20)
        before = int(request.parameters.get("max_id", 1 << 64))
        return [{key: value for key, value in one.items() if key != "text"}
                for one in self.statuses if int(one["id"]) < before][:limit]
