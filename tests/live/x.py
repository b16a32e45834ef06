"""X: GET /2/tweets/search/recent, as its documentation has it."""

import json
import re
import threading
import time
from datetime import datetime, timezone
from urllib.parse import unquote

from live.stand_in import Answer, Budget, Request, Violation, check_parameters, number

PATH = "/2/tweets/search/recent"
EPOCH_MS = 1288834974657
QUERY_LENGTH = 512
WEEK_S = 7 * 86400
PARAMETERS = {"query", "max_results", "next_token", "pagination_token", "since_id", "until_id",
              "start_time", "end_time", "sort_order", "tweet.fields", "expansions", "user.fields",
              "media.fields", "place.fields", "poll.fields"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
TOKENS = re.compile(r'\(|\)|-?"[^"]*"|[^\s()]+')
ALWAYS = ("id", "text", "edit_history_tweet_ids")


def seconds(text: str) -> float:
    if not TIME.fullmatch(text):
        raise Violation(f"{text} is no time")
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Query:
    """(#a OR #b) -is:retweet lang:en: a space is AND, which binds tighter than OR."""

    def __init__(self, text: str):
        if not 1 <= len(text) <= QUERY_LENGTH:
            raise Violation(f"query of {len(text)} characters")
        self._tokens = TOKENS.findall(text)
        self._positive = False
        self.matches = self._either()
        if self._tokens:
            raise Violation(f"query: {self._tokens[0]} is too much")
        if not self._positive:
            raise Violation("query: a negated operator cannot stand alone")

    def _either(self):
        terms = [self._all()]
        while self._tokens and self._tokens[0] == "OR":
            self._tokens.pop(0)
            terms.append(self._all())
        return lambda post: any(term(post) for term in terms)

    def _all(self):
        terms = []
        while self._tokens and self._tokens[0] not in ("OR", ")"):
            terms.append(self._one())
        if not terms:
            raise Violation("query: something is missing")
        return lambda post: all(term(post) for term in terms)

    def _one(self):
        token = self._tokens.pop(0)
        if token == "(":
            inner = self._either()
            if not self._tokens or self._tokens.pop(0) != ")":
                raise Violation("query: ) is missing")
            return inner
        if token.startswith("-"):
            test = self._operator(token[1:])
            return lambda post: not test(post)
        if not token.startswith(("lang:", "is:")):
            self._positive = True  # the others are conjunction-required
        return self._operator(token)

    def _operator(self, token: str):
        if token.startswith("#"):
            tag = token[1:].casefold()
            if not re.fullmatch(r"\w+", tag):
                raise Violation(f"query: {token} is no hashtag")
            return lambda post: tag in hashtags(post)
        name, colon, value = token.partition(":")
        if not colon:
            raise Violation(f"query: unexpected {token}")
        if name == "lang":
            return lambda post: post.get("lang") == value
        if name == "from":
            return lambda post: post["from"].casefold() == value.casefold()
        kinds = {"retweet": "retweeted", "reply": "replied_to", "quote": "quoted"}
        if name == "is" and value in kinds:
            return lambda post: any(one["type"] == kinds[value]
                                    for one in post.get("referenced_tweets", []))
        raise Violation(f"query: unknown operator {token}")


def made(post: dict) -> float:
    return ((int(post["id"]) >> 22) + EPOCH_MS) / 1000


def hashtags(post: dict) -> set[str]:
    return {one["tag"].casefold() for one in post.get("entities", {}).get("hashtags", [])}


class X:
    """`week`: whether older posts than a week are out of reach, as they are. `everything`: each
    query finds every post, once it is checked. `page`: the most that one answer has."""

    WRONG_SHAPES = (b"[]", b"null", b'{"data": {}, "meta": 5}', b'{"data": [7, null], "meta": {}}',
                    b'"no"', b'{"meta": {"result_count": "many", "newest_id": []}}',
                    b'{"data": [{"id": 5}], "meta": {"result_count": 1}}', b"[" * 100_000)

    def __init__(self, token: str = "bearer-of-x", week: bool = True, everything: bool = False,
                 page: int = 100):
        self.token, self.week, self.everything, self.page = token, week, everything, page
        self.budget = Budget()
        self.posts: list[dict] = []        # whole, the newest first; "from" is the author's name
        self.users: dict[str, dict] = {}
        self.media: dict[str, dict] = {}
        self._lock = threading.Lock()
        self._last = 0

    def add(self, text: str, author: str = "ada", lang: str = "en", repost: bool = False,
            reply: bool = False, at: float | None = None) -> str:
        """Publishes a post; returns its id."""
        with self._lock:
            now = time.time() if at is None else at
            number = (int(now * 1000) - EPOCH_MS) << 22
            number = max(number, self._last + 1) if at is None else number + len(self.posts)
            self._last = max(self._last, number)
            user = str(1000 + sum(author.encode()))
            self.users.setdefault(user, {"id": user, "username": author, "name": author.title()})
            references = [{"type": kind, "id": "1"} for kind, there in
                          (("retweeted", repost), ("replied_to", reply)) if there]
            post = {
                "id": str(number), "text": text.replace("&", "&amp;").replace("<", "&lt;"),
                "edit_history_tweet_ids": [str(number)], "author_id": user, "from": author,
                "lang": lang, "possibly_sensitive": False,
                "created_at": datetime.fromtimestamp(now, timezone.utc).isoformat(
                    timespec="milliseconds").replace("+00:00", "Z"),
                "entities": {"hashtags": [
                    {"start": found.start(), "end": found.end(), "tag": found[1]}
                    for found in re.finditer(r"#(\w+)", text)]},
                **({"referenced_tweets": references} if references else {})}
            self.posts = sorted([post, *self.posts], key=lambda one: -int(one["id"]))
            return post["id"]

    def limit_headers(self, limit: int, left: int, reset: float) -> dict[str, str]:
        return {"x-rate-limit-limit": str(limit), "x-rate-limit-remaining": str(left),
                "x-rate-limit-reset": str(int(reset))}

    def answer(self, request: Request) -> Answer:
        if request.method != "GET" or request.path != PATH:
            raise Violation("not a known call")
        if request.headers.get("authorization") != f"Bearer {unquote(self.token)}":
            return problem(401, "Unauthorized")
        allowed, left, reset = self.budget.take()
        limits = self.limit_headers(self.budget.limit, left, reset)
        if not allowed:
            return problem(429, "Too Many Requests", limits)
        check_parameters(request, PARAMETERS)
        return found(self._page(request), limits)

    def _page(self, request: Request) -> dict:
        asked = request.parameters
        size = min(self.page, number(request, "max_results", 10, 100, 10))
        if "query" not in asked:
            raise Violation("no query")
        query = Query(asked["query"])
        in_reach = self._reach(asked)
        posts = [post for post in self.posts if in_reach(post)
                 and (self.everything or query.matches(post))]
        token = asked.get("next_token", asked.get("pagination_token"))
        if token is not None:
            of, _, last = token.rpartition("-")
            if of != self._token(asked):
                raise Violation("next_token is of another query")
            posts = [post for post in posts if int(post["id"]) < int(last)]
        page = posts[:size]
        meta = {"result_count": len(page)}
        if not page:
            return {"meta": meta}
        meta |= {"newest_id": page[0]["id"], "oldest_id": page[-1]["id"]}
        if len(posts) > size:
            meta["next_token"] = f"{self._token(asked)}-{page[-1]['id']}"
        return {**self._show(page, asked), "meta": meta}

    @staticmethod
    def _token(asked: dict[str, str]) -> str:
        return "b26v" + bytes(asked["query"], "utf-8").hex()[-16:]

    def _reach(self, asked: dict[str, str]):
        """The test whether a post is within the borders that were asked for."""
        for name in ("since_id", "until_id"):
            if name in asked and not re.fullmatch(r"\d{1,19}", asked[name]):
                raise Violation(f"{name}={asked[name]}")
        oldest = time.time() - WEEK_S if self.week else 0.0
        since, until = int(asked.get("since_id", 0)), int(asked.get("until_id", 1 << 63))
        start = seconds(asked["start_time"]) if "start_time" in asked else oldest
        end = seconds(asked["end_time"]) if "end_time" in asked else float("inf")
        if self.week and since and (since >> 22) + EPOCH_MS < oldest * 1000:
            raise Violation("since_id is older than a week")
        if start < oldest:
            raise Violation("start_time is older than a week")
        if since:
            start = oldest  # only since_id is used
        return lambda post: (since < int(post["id"]) < until
                             and start <= made(post) < end)

    def _show(self, page: list[dict], asked: dict[str, str]) -> dict:
        """Of each post only what was asked for."""
        def fields(name: str) -> set[str]:
            return set(filter(None, asked.get(name, "").split(",")))
        expansions = fields("expansions")
        shown = set(ALWAYS) | fields("tweet.fields")
        if "author_id" in expansions:
            shown.add("author_id")
        if "attachments.media_keys" in expansions:
            shown.add("attachments")
        answer = {"data": [{name: post[name] for name in post if name in shown} for post in page]}
        includes = {}
        if "author_id" in expansions:
            users = dict.fromkeys(post["author_id"] for post in page if "author_id" in post)
            includes["users"] = [only(self.users[user], {"id", "name", "username"}
                                      | fields("user.fields"))
                                 for user in users if user in self.users]
        if "attachments.media_keys" in expansions:
            keys = dict.fromkeys(key for post in page
                                 for key in post.get("attachments", {}).get("media_keys", []))
            includes["media"] = [only(self.media[key], {"media_key", "type"}
                                      | fields("media.fields"))
                                 for key in keys if key in self.media]
        if includes := {name: found for name, found in includes.items() if found}:
            answer["includes"] = includes
        return answer


def only(one: dict, names: set[str]) -> dict:
    return {name: value for name, value in one.items() if name in names}


def found(body: dict, headers: dict[str, str]) -> Answer:
    return Answer(200, json.dumps(body).encode(),
                  {"Content-Type": "application/json; charset=utf-8", **headers})


def problem(status: int, title: str, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps({"title": title, "detail": title, "type": "about:blank",
                                      "status": status}).encode(),
                  {"Content-Type": "application/problem+json", **(headers or {})})
