"""Compares the database with what the source gave. Trusts nothing that a process has said."""

import sqlite3
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

MAX_EXAMPLES = 5


@dataclass
class Account:
    posts: int = 0        # that the source gave
    rows: int = 0
    expected: int = 0     # posts times publications
    lost: int = 0         # expected and not there
    unexpected: int = 0   # there and not expected
    doubled: int = 0      # rows beyond the distinct ones
    unpublished: int = 0  # with a status other than published
    posts_lost: int = 0   # without a row of the post itself
    posts_unexpected: int = 0
    redelivered: int = 0  # rows with the flag
    damage: str = ""      # what SQLite's own check finds
    examples: list[str] = field(default_factory=list)

    def failures(self) -> list[str]:
        found = {"lost": self.lost, "doubled": self.doubled, "unexpected": self.unexpected,
                 "not published": self.unpublished}
        told = [f"{count:,} publications {what}" for what, count in found.items() if count]
        if self.posts_lost or self.posts_unexpected:
            told.append(f"{self.posts_lost:,} posts lost, {self.posts_unexpected:,} unexpected")
        if self.damage:
            told.append(f"the database is damaged: {self.damage}")
        if not self.posts:
            told.append("the source gave nothing")
        return told + self.examples


def write_emitted(path: Path, post_ids) -> None:
    with path.open("w") as file:
        while some := list(islice(post_ids, 10_000)):
            file.write("".join(post_id + "\n" for post_id in some))


def check(database: Path, emitted: Path, targets, formats) -> Account:
    connection = sqlite3.connect(database)
    try:
        return _check(connection, emitted, [(t, f) for t in targets for f in formats])
    finally:
        connection.close()


def _check(db: sqlite3.Connection, emitted: Path, kinds: list[tuple[str, str]]) -> Account:
    account = Account()

    def one(sql: str) -> int:
        return db.execute(sql).fetchone()[0] or 0

    # Rows by rows, and the index against them: a key that is there twice would be found.
    damage = [row[0] for row in db.execute("PRAGMA integrity_check(5)")]
    account.damage = "" if damage == ["ok"] else "; ".join(damage)
    db.execute("CREATE TEMP TABLE emitted (post_id TEXT PRIMARY KEY) WITHOUT ROWID")
    db.execute("CREATE TEMP TABLE kinds (target TEXT, format TEXT)")
    db.executemany("INSERT INTO kinds VALUES (?, ?)", kinds)
    with emitted.open() as lines:
        db.executemany("INSERT INTO emitted VALUES (?)", ((line.rstrip("\n"),) for line in lines))

    account.posts = one("SELECT count(*) FROM emitted")
    account.expected = account.posts * len(kinds)
    account.rows = one("SELECT count(*) FROM publications NOT INDEXED")
    distinct = one("SELECT count(*) FROM (SELECT DISTINCT post_id, target, format"
                   " FROM publications)")
    account.doubled = account.rows - distinct
    missing = ("FROM emitted AS e CROSS JOIN kinds AS k WHERE NOT EXISTS (SELECT 1 FROM publications"
               " AS p WHERE p.post_id = e.post_id AND p.target = k.target AND p.format = k.format)")
    surplus = ("FROM publications AS p WHERE NOT EXISTS (SELECT 1 FROM emitted AS e"
               " WHERE e.post_id = p.post_id) OR NOT EXISTS (SELECT 1 FROM kinds AS k"
               " WHERE k.target = p.target AND k.format = p.format)")
    account.lost = one(f"SELECT count(*) {missing}")
    account.unexpected = one(f"SELECT count(*) {surplus}")
    account.unpublished = one("SELECT count(*) FROM publications WHERE status <> 'published'")
    account.redelivered = one("SELECT sum(redelivered) FROM publications")
    account.posts_lost = one("SELECT count(*) FROM emitted WHERE post_id NOT IN"
                             " (SELECT post_id FROM posts)")
    account.posts_unexpected = one("SELECT count(*) FROM posts WHERE post_id NOT IN"
                                   " (SELECT post_id FROM emitted)")
    for what, sql in (("lost", f"SELECT e.post_id, k.target, k.format {missing}"),
                      ("unexpected", f"SELECT p.post_id, p.target, p.format {surplus}")):
        if getattr(account, what):
            account.examples += [f"{what}: {' '.join(row)}"
                                 for row in db.execute(f"{sql} LIMIT {MAX_EXAMPLES}")]
    return account
