"""What the logs of all incarnations say."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

# Reasons for which sessions end when processes die, stop, or lose each other. All others mean
# that somebody broke the protocol.
HARMLESS = {"goodbye", "disconnected", "silent", "replaced", "unknown_session", "shutting_down"}
UNFLAGGED = "received again without being flagged as redelivered"
MAX_EXAMPLES = 10


@dataclass
class Ended:
    """An end of the ingestor's session with a republisher."""

    wall: float
    pid: int
    reason: str
    unsettled: int


@dataclass
class Journal:
    reasons: Counter = field(default_factory=Counter)  # of ended sessions: (link, reason)
    ended: list[Ended] = field(default_factory=list)   # of the ingestors
    unflagged: int = 0                                 # publications, by the reporters' warnings
    broken: list[str] = field(default_factory=list)    # protocol broken, errors, what is no log line


def read(folder: Path) -> Journal:
    journal = Journal()
    for log in sorted(folder.iterdir()):
        with log.open(errors="replace") as lines:
            for line in lines:
                _take(journal, log.stem, line.strip())
    return journal


def _take(journal: Journal, name: str, line: str) -> None:
    try:
        entry = json.loads(line)
        level, message = entry["level"], entry["message"]
    except (ValueError, KeyError, TypeError):
        if line:  # an abort's last words, or cut off by a kill
            _note(journal, f"{name}: {line[:300]}")
        return
    if message == "session ended":
        reason = entry["reason"]
        journal.reasons[entry["link"], reason] += 1
        if reason not in HARMLESS:
            _note(journal, f"{name}: {line[:300]}")
        pid = re.search(r":(\d+)$", entry["peer"])
        if name == "ingestor" and pid:
            journal.ended.append(Ended(datetime.fromisoformat(entry["time"]).timestamp(),
                                       int(pid[1]), reason, int(entry["unsettled"])))
    elif message == UNFLAGGED:
        journal.unflagged += int(entry["publications"])
    elif level == "error" or message == "session refused":
        _note(journal, f"{name}: {line[:300]}")


def _note(journal: Journal, text: str) -> None:
    if len(journal.broken) < MAX_EXAMPLES:
        journal.broken.append(text)


def sent_again(journal: Journal, kills) -> list[int]:
    """Posts in flight at each killed republisher, as far as an ingestor was there to count them."""
    by_pid: dict[int, list[Ended]] = {}
    for ended in journal.ended:
        by_pid.setdefault(ended.pid, []).append(ended)
    found = []
    for kill in kills:
        after = [one.unsettled for one in by_pid.get(kill.pid, [])
                 if kill.wall - 0.1 <= one.wall <= kill.wall + 5]
        if kill.kind == "republisher" and after:
            found.append(after[0])
    return found
