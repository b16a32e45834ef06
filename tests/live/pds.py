"""A personal data server of Bluesky's: sessions and com.atproto.repo.putRecord, as the reference
implementation (npm's @atproto/pds) has them. What a client should never send is a violation."""

import base64
import hashlib
import json
import re
import threading
import time
import unicodedata

from live.stand_in import Answer, Budget, Request, Violation

XRPC = "/xrpc/"
TID = re.compile(r"[234567a-j][234567a-z]{12}")
CREATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
COLLECTION = "app.bsky.feed.post"
GRAPHEMES, BYTES = 300, 3000
SIGN_INS, SIGN_IN_S = 30, 300.0
JOINER = "\u200d"


def graphemes(text: str) -> int:
    """Characters as a reader sees them; more than that for scripts that tests do not use."""
    count, before, flag = 0, "", False
    for one in text:
        joined = unicodedata.category(one) in ("Mn", "Me", "Mc") or one == JOINER or \
            before == JOINER or 0x1F3FB <= ord(one) <= 0x1F3FF
        regional = 0x1F1E6 <= ord(one) <= 0x1F1FF
        second = regional and flag
        flag = regional and not second
        count += not (joined or second)
        before = one
    return count


def part(value: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def told(body: dict, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def error(status: int, name: str, message: str) -> Answer:
    return told({"error": name, "message": message}, status)


class Pds:
    """Of one account. Access tokens live up to `token_s` (whole seconds), and end after `uses`
    before that; a refresh token that was used serves once more for a while, as there, or with
    `grace` false not."""

    WRONG_SHAPES = (b"[]", b"5", b"null", b'{"uri": 5}', b'{"accessJwt": {}}', b'"no"')

    def __init__(self, username: str = "ada.test", password: str = "abcd-efgh-ijkl-mnop",
                 token_s: int = 2, uses: int = 25, grace: bool = True):
        self.username, self.password = username, password
        self.token_s, self.uses = token_s, uses
        self.did = "did:plc:" + hashlib.sha256(username.encode()).hexdigest()[:24]
        self.grace = grace
        self.records: dict[str, dict] = {}   # by key
        self.puts, self.changes = 0, 0       # a change: another record with the same key
        self.sessions, self.refreshes, self.expired = 0, 0, 0
        self.sign_ins = Budget(SIGN_INS, SIGN_IN_S)
        self._access: dict[str, float] = {}  # to when it ends
        self._used: dict[str, int] = {}
        self._refresh: dict[str, bool] = {}  # to whether it was used
        self._lock = threading.Lock()

    @staticmethod
    def limit_headers(limit: int, left: int, reset: float) -> dict[str, str]:
        return {"RateLimit-Limit": str(limit), "RateLimit-Remaining": str(left),
                "RateLimit-Reset": str(int(reset)), "RateLimit-Policy": f"{limit};w=300"}

    @property
    def secrets(self) -> list[str]:
        return [self.password, *self._access, *self._refresh]

    def answer(self, request: Request) -> Answer:
        calls = {"com.atproto.server.createSession": self._create,
                 "com.atproto.server.refreshSession": self._renew,
                 "com.atproto.repo.putRecord": self._put}
        call = calls.get(request.path.removeprefix(XRPC))
        if request.method != "POST" or not call:
            raise Violation("not a known call")
        with self._lock:
            return call(request)

    @staticmethod
    def _json(request: Request) -> dict:
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            raise Violation("JSON without its Content-Type")
        try:
            return json.loads(request.body)
        except ValueError:
            raise Violation("no JSON") from None

    # -- sessions -----------------------------------------------------------------------------

    def _create(self, request: Request) -> Answer:
        allowed, left, reset = self.sign_ins.take()
        limits = self.limit_headers(self.sign_ins.limit, left, reset)
        if not allowed:
            answer = error(429, "RateLimitExceeded", "Rate Limit Exceeded")
            answer.headers |= limits | {"Retry-After": str(int(reset - time.time()) + 1)}
            return answer
        if self._json(request) != {"identifier": self.username, "password": self.password}:
            return error(401, "AuthenticationRequired", "Invalid identifier or password")
        self.sessions += 1
        answer = self._session()
        answer.headers |= limits
        return answer

    def _renew(self, request: Request) -> Answer:
        if request.body:
            raise Violation("refreshSession with a body")
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self._refresh or (self._refresh[token] and not self.grace):
            return error(400, "ExpiredToken", "Token has been revoked")
        self._refresh[token] = True
        self.refreshes += 1
        return self._session()

    def _session(self) -> Answer:
        now = int(time.time())
        number = self.sessions + self.refreshes
        head = part({"typ": "at+jwt", "alg": "HS256"})
        access, refresh = (
            f"{head}.{part({'scope': scope, 'iat': now, 'exp': now + seconds, 'jti': number})}.c2ln"
            for scope, seconds in (("access", self.token_s), ("refresh", 90 * 86400)))
        self._access[access] = now + self.token_s
        self._refresh[refresh] = False
        return told({"accessJwt": access, "refreshJwt": refresh, "handle": self.username,
                     "did": self.did, "active": True})

    # -- records ------------------------------------------------------------------------------

    def _put(self, request: Request) -> Answer:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not token:
            return error(401, "AuthMissing", "Authentication Required")
        if token not in self._access:
            return error(400, "InvalidToken", "Token could not be verified")
        self._used[token] = self._used.get(token, 0) + 1
        if time.time() >= self._access[token] or self._used[token] > self.uses:
            self.expired += 1
            return error(400, "ExpiredToken", "Token has expired")
        asked = self._json(request)
        if set(asked) != {"repo", "collection", "rkey", "record"}:
            raise Violation(f"putRecord with {sorted(asked)}")
        if (asked["repo"], asked["collection"]) != (self.did, COLLECTION):
            raise Violation(f"{asked['collection']} of {asked['repo']}")
        if not TID.fullmatch(asked["rkey"]):
            raise Violation(f"Invalid TID {asked['rkey']}")
        check(asked["record"])
        before = self.records.get(asked["rkey"])
        self.changes += before not in (None, asked["record"])
        self.records[asked["rkey"]] = asked["record"]
        self.puts += 1
        cid = hashlib.sha256(json.dumps(asked["record"], sort_keys=True).encode()).hexdigest()
        answer = {"uri": f"at://{self.did}/{COLLECTION}/{asked['rkey']}", "cid": f"bafy{cid}",
                  "validationStatus": "valid"}
        if before != asked["record"]:
            answer["commit"] = {"cid": "bafy", "rev": "3k"}
        return told(answer)


def check(record: dict) -> None:
    """Raises Violation for what the lexicon of posts does not allow."""
    if not set(record) <= {"$type", "text", "createdAt", "langs", "facets"}:
        raise Violation(f"a record with {sorted(record)}")
    if record["$type"] != COLLECTION or not CREATED.fullmatch(record["createdAt"]):
        raise Violation(f"{record['$type']} of {record['createdAt']}")
    if len(record["text"].encode()) > BYTES or graphemes(record["text"]) > GRAPHEMES:
        raise Violation(f"{graphemes(record['text'])} graphemes, "
                        f"{len(record['text'].encode())} bytes")
    languages = record.get("langs", ["en"])
    if not 1 <= len(languages) <= 3 or not all(map(LANGUAGE.fullmatch, languages)):
        raise Violation(f"langs are {languages}")
    pointed_at(record)


def pointed_at(record: dict) -> list[tuple[str, str, str]]:
    """Of each facet: the text that it is about, "link" or "tag", and where that leads. Raises
    Violation for facets that are not in order, or cut a character."""
    text, at, found = record["text"].encode(), 0, []
    for facet in record.get("facets", []):
        begin, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        if not at <= begin < end <= len(text):
            raise Violation(f"a facet from {begin} to {end}, of {len(text)} bytes, behind {at}")
        at = end
        (feature,) = facet["features"]
        kind = feature["$type"].removeprefix("app.bsky.richtext.facet#")
        leads = feature.get("uri" if kind == "link" else kind, "")
        try:
            shown = text[begin:end].decode()
        except UnicodeDecodeError:
            raise Violation(f"the facet from {begin} to {end} cuts a character") from None
        right = {"link": leads.startswith(("http://", "https://")), "tag": shown[1:] == leads}
        if not leads or not right.get(kind):
            raise Violation(f"a facet {kind} of {shown!r}, to {leads!r}")
        found.append((shown, kind, leads))
    return found
