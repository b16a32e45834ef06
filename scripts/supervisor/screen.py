"""The progress of a run: one line redrawn on a terminal, else a plain one every few seconds."""

import shutil
import sys
import time

from supervisor import text
from supervisor.flow import Progress

REDRAW_S = 0.5
PLAIN_S = 5.0


class ProgressLine:
    def __init__(self, expected: int | None):
        """`expected`: how many posts the sources hold, None if that is not known."""
        self._expected = expected
        self._terminal = sys.stdout.isatty()
        self._drawn = False
        self._started = time.monotonic()
        self._next_plain = self._started + PLAIN_S

    def show(self, progress: Progress, note: str = "") -> None:
        """Shows where the run is; `note` says what else is to be known now."""
        now = time.monotonic()
        if not self._terminal and now < self._next_plain:
            return
        line = self._compose(progress, note, now - self._started)
        if self._terminal:
            columns = shutil.get_terminal_size().columns - 1
            print(f"\r{line[:columns]}\x1b[K", end="", flush=True)
            self._drawn = True
        else:
            self._next_plain = now + PLAIN_S
            print(line, flush=True)

    def clear(self) -> None:
        """Makes place for other lines."""
        if self._drawn:
            print("\r\x1b[K", end="", flush=True)
            self._drawn = False

    def _compose(self, progress: Progress, note: str, seconds: float) -> str:
        parts = []
        if progress.seen:
            done = progress["settled"] + progress["filtered"] + progress["skipped"]
            if self._expected:
                fraction = min(1.0, done / self._expected)
                parts.append(f"{min(done, self._expected):,} of {self._expected:,} posts "
                             f"{text.bar(fraction)} {int(100 * fraction)}%")
            else:
                parts.append(f"{progress['settled']:,} of {progress['read']:,} posts read settled")
            parts.append(f"{text.number(progress.per_second)} publications/s")
            if progress.limiting != "unknown":
                parts.append(f"limited by {progress.limiting}")
        parts.append(text.duration(seconds))
        return "  ".join(parts + [note] * bool(note))
