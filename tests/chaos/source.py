"""What posts there are, known without asking the database or the ingestor's counters.

A source is endless while faults happen. At the end it gets an end: the run is over when all of it
is settled, and `emitted` is what it gave by its own definition.
"""

import asyncio
import json
import sqlite3
from pathlib import Path

MORE_POSTS = 500  # after the last fault: it still goes on
FEED_EVERY_S = 0.05
AHEAD_POSTS = 6000


def ask_state(run_dir: Path, sql: str) -> tuple | None:
    """The first row of an answer, as an ingestor that starts now would get it; None: no row."""
    database = sqlite3.connect(f"file:{run_dir / 'ingestor.db'}?mode=ro", uri=True)
    try:
        return database.execute(sql).fetchone()
    finally:
        database.close()


def simulated_state(run_dir: Path) -> tuple[int, list[tuple[int, int]]]:
    """The number of the first post that is not settled, and the settled ones above it."""
    cursor, settled = ask_state(run_dir, "SELECT cursor, settled FROM sources") or ("1", "")
    return int(cursor), ranges(settled)


def ranges(settled: str) -> list[tuple[int, int]]:
    """ "12-40,42" as [(12, 40), (42, 42)]."""
    pairs = [part.partition("-") for part in settled.split(",") if part]
    return [(int(first), int(last or first)) for first, _, last in pairs]


class Simulated:
    """Posts are a function of their number alone, numbered from 1."""

    uri = "simulated:?bytes=120"

    def __init__(self, run_dir: Path):
        self._run_dir = run_dir
        self._count = 0

    async def feed(self, settled_posts) -> None:
        await asyncio.Event().wait()  # gives what is asked for, as long as it is asked

    def settled_in_state(self) -> int:
        """How many posts an ingestor that starts now knows to be settled."""
        cursor, settled = simulated_state(self._run_dir)
        return cursor - 1 + sum(last - first + 1 for first, last in settled)

    def end(self, least_posts: int) -> list[str]:
        """Ends after what was given so far, and a little more. Flags of the last ingestor."""
        cursor, settled = simulated_state(self._run_dir)
        given = max([cursor - 1, *(last for _, last in settled)])
        self._count = max(given + MORE_POSTS, least_posts)
        return ["--sources", f"{self.uri}&count={self._count}", "--exit-when-done"]

    def emitted(self):
        return (f"simulated:{number}" for number in range(1, self._count + 1))


class Followed:
    """A file that grows while the ingestor follows it; lines are written in pieces, too."""

    uri = "file:posts.jsonl"

    def __init__(self, run_dir: Path):
        self._run_dir, self._path = run_dir, run_dir / "posts.jsonl"
        self._path.touch()
        self._written = 0

    async def feed(self, settled_posts) -> None:
        with self._path.open("ab", buffering=0) as file:
            while True:
                lines = self._lines(max(0, min(500, settled_posts() + AHEAD_POSTS - self._written)))
                half = len(lines) // 2
                file.write(lines[:half])  # most often amid a line
                try:
                    await asyncio.sleep(FEED_EVERY_S)
                finally:
                    file.write(lines[half:])

    def _lines(self, count: int) -> bytes:
        posts = []
        for number in range(self._written + 1, self._written + count + 1):
            posts.append(json.dumps({"id": f"p{number:x}", "author": "chaos", "lang": "en",
                                     "text": f"#architecture post {number} of a growing file"}))
        self._written += count
        return "".join(post + "\n" for post in posts).encode()

    def settled_in_state(self) -> int:
        return ask_state(self._run_dir, "SELECT coalesce(max(upto), 0) FROM seen")[0]

    def end(self, least_posts: int) -> list[str]:
        with self._path.open("ab") as file:
            file.write(self._lines(max(MORE_POSTS, least_posts - self._written)))
        return ["--exit-when-done"]

    def emitted(self):
        return (f"file:p{number:x}" for number in range(1, self._written + 1))


KINDS = {"simulated": Simulated, "file": Followed}
