"""Answers that X and Mastodon gave once, from ../shared/data beside the checkout."""

import json
from pathlib import Path

from live.mastodon import Mastodon
from live.x import X

DATA = Path(__file__).resolve().parents[3] / "shared/data"


def _answers(folder: str) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted((DATA / folder).glob("*.json"))]


def missing() -> str:
    """Why there are none; "" if there are."""
    return "" if DATA.is_dir() else "../shared/data is not there: no recorded answers"


def posts() -> list[dict]:
    """Real posts: id, author, lang, text."""
    with (DATA / "posts.jsonl").open() as lines:
        return [json.loads(line) for line in lines]


def x() -> X:
    """The answers were to queries for words, not for hashtags: each query finds all of them."""
    site = X(week=False, everything=True, page=10)
    found = {}
    for answer in _answers("x-recent-search"):
        body = answer["body"]
        includes = body.get("includes", {})
        site.users |= {user["id"]: user for user in includes.get("users", [])}
        site.media |= {one["media_key"]: one for one in includes.get("media", [])}
        found |= {post["id"]: {"from": "", "edit_history_tweet_ids": [post["id"]], **post}
                  for post in body["data"]}
    site.posts = sorted(found.values(), key=lambda post: -int(post["id"]))
    return site


def mastodon() -> Mastodon:
    """Two hashtags: hoot with one post, and the long one of the test that was recorded."""
    site = Mastodon()
    found = {post["id"]: post for answer in _answers("mastodon-tag-timeline")
             for post in answer["body"]}
    site.posts = sorted(found.values(), key=lambda post: -int(post["id"]))
    return site
