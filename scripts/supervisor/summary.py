"""What a run left: publications by target, format and status, and what failed or is missing."""

import gzip
import re
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

from supervisor import text
from supervisor.config import Config, is_replay
from supervisor.flow import Progress

STATUSES = ("published", "failed", "deferred")
EXAMPLES = 3
MAX_LOG_BYTES = 1 << 20
MAX_COUNTED_BYTES = 1 << 30  # of a source's file, to know how many posts to expect


class DatabaseError(Exception):
    """One line that names the database."""


@dataclass
class Contents:
    posts: int = 0
    publications: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    missing: dict[tuple[str, str], int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)  # of what is missing or not published


def read(path: Path, config: Config) -> Contents:
    """Counts what the database holds of the configuration's targets and formats."""
    try:
        database = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            return _read(database, config)
        finally:
            database.close()
    except sqlite3.Error as error:
        raise DatabaseError(f"{path}: {error}") from None


def _read(database: sqlite3.Connection, config: Config) -> Contents:
    found = Contents(posts=database.execute("SELECT count(*) FROM posts").fetchone()[0])
    for target, form, status, count in database.execute(
            "SELECT target, format, status, count(*) FROM publications GROUP BY 1, 2, 3"):
        found.publications.setdefault((target, form), {})[status] = count
    for post, target, form, status, error in database.execute(
            "SELECT post_id, target, format, status, error FROM publications"
            " WHERE status <> 'published' LIMIT ?", (EXAMPLES,)):
        found.examples.append(f"{post} on {target} as {form}: {status}: {error}")
    without = ("FROM posts WHERE NOT EXISTS (SELECT 1 FROM publications AS p WHERE"
               " p.post_id = posts.post_id AND p.target = ? AND p.format = ?)")
    for target in config.targets:
        for form in target.formats:
            pair = (target.name, form)
            found.publications.setdefault(pair, {})
            found.missing[pair] = database.execute(f"SELECT count(*) {without}", pair).fetchone()[0]
            if found.missing[pair] and len(found.examples) < 2 * EXAMPLES:
                post = database.execute(f"SELECT post_id {without} LIMIT 1", pair).fetchone()[0]
                found.examples.append(f"{post} on {target.name} as {form}: missing")
    return found


def lines(contents: Contents) -> list[str]:
    """The table of publications."""
    rows = []
    for pair, by_status in sorted(contents.publications.items()):
        counts = [by_status.get(status, 0) for status in STATUSES] + [contents.missing.get(pair, 0)]
        rows.append([*pair, *map(text.number, counts)])
    return text.table(["target", "format", *STATUSES, "missing"], rows, left=2)


def failures(contents: Contents) -> list[str]:
    """Why the run must not count as a success; [] if nothing failed or is missing."""
    totals = {status: sum(by_status.get(status, 0) for by_status in contents.publications.values())
              for status in STATUSES[1:]}
    totals["missing"] = sum(contents.missing.values())
    told = [f"{text.count(count, 'publication')} {status}"
            for status, count in totals.items() if count]
    return told + contents.examples


def way_back(contents: Contents, config: Config, run_dir: Path) -> list[str]:
    """What to do about deferred publications, where nothing brings them back: a line or none."""
    deferred = sum(by_status.get("deferred", 0) for by_status in contents.publications.values())
    if not deferred or config.replays:
        return []
    database = config.sqlite
    if database.is_relative_to(run_dir):
        database = Path("${RUN_DIR}") / database.relative_to(run_dir)
    return [f'what is deferred comes back with one more source in {config.path}, '
            f'sources = […, "replay:{database}"], and another scripts/run --config {config.path} '
            f'--run-dir {run_dir}']


def without_database(progress: Progress) -> tuple[list[str], list[str]]:
    """Lines and failures of a run whose reporter stores nothing, from what it counted."""
    counted = ", ".join(f"{progress[status]:,} {status}" for status in STATUSES)
    failed = [f"{text.count(progress[status], 'publication')} {status}"
              for status in STATUSES[1:] if progress[status]]
    return [f"publications: {counted}"], failed


def failing_sources(log: Path) -> list[str]:
    """A line for each source that failed and has not worked since, by the end of the ingestor's
    log (in the text form; of another nothing is known)."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - MAX_LOG_BYTES))
            lines = file.read(MAX_LOG_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return []
    failing: dict[str, str] = {}
    for line in lines:
        if match := re.search(r" source fails source=(\S+) reason=(.*)$", line):
            failing[match[1]] = match[2].strip('"')
        elif match := re.search(r" source works again source=(\S+)", line):
            failing.pop(match[1], None)
    return [f"source {name} fails: {reason}" for name, reason in failing.items()]


def expected_posts(config: Config) -> int | None:
    """How many posts the sources hold, filtered ones too; None if a source has no known end."""
    total = 0
    for source in config.sources:
        if is_replay(source):
            continue  # posts of the others
        match = re.fullmatch(r"(?:[^:=?/]+=)?(file|simulated):(.*)", source, re.DOTALL)
        if not match or match[2] == "-":
            return None
        count = _lines_of(config.path.parent / match[2]) if match[1] == "file" else int(
            parse_qs(match[2].lstrip("?")).get("count", ["0"])[0] or 0)
        if not count:
            return None
        total += count
    return total or None


def _lines_of(path: Path) -> int | None:
    """None if it cannot be read or is too large to be counted in passing."""
    count = read_bytes = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while chunk := file.read(1 << 20):
                read_bytes += len(chunk)
                count += chunk.count(b"\n")
                last = chunk[-1:]
                if read_bytes > MAX_COUNTED_BYTES:
                    return None
    except (OSError, EOFError):
        return None  # the ingestor says what is wrong with it
    return count + (read_bytes > 0 and last != b"\n")
