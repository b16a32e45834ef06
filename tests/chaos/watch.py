"""Looks at every process several times a second: credit kept, progress made, memory used."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from statistics import median

from chaos import pipeline
from chaos.stage import Silent, Stage

EVERY_S = 0.2
STALL_S = 4.0  # everybody is there, and nothing is settled for so long: a stall
REPEATED = {flag: f"publications_repeated_total {flag}" for flag in ("true", "false")}
ENDS = 40  # samples at the begin and at the end of a run


@dataclass
class Descriptors:
    """Open ones of a kind of process, beside one for each of its sessions."""

    first: list[int] = field(default_factory=list)
    last: deque[int] = field(default_factory=lambda: deque(maxlen=ENDS))
    most: int = 0

    def take(self, count: int) -> None:
        if len(self.first) < ENDS:
            self.first.append(count)
        self.last.append(count)
        self.most = max(self.most, count)

    def told(self) -> dict:
        return {"begin": round(median(self.first or [0])), "most": self.most,
                "end": round(median(self.last or [0]))}


class Watch:
    def __init__(self, line, health):
        self._line, self._health = line, health
        self.samples = 0
        self.descriptors: dict[str, Descriptors] = {}
        self.most_in_flight: dict[str, float] = {}  # by kind and link, as a part of the limit
        self.excesses: list[str] = []               # more in flight than max_demand
        self.stalls: list[str] = []
        self.longest_still = 0.0                    # without a settlement though all were there
        self._last: dict[tuple[str, int, str], float] = {}
        self._moved_at = time.monotonic()
        self._recorded = 0
        self._stalled = False

    # -- totals over all incarnations -----------------------------------------------------------

    def _keep(self, stage: Stage, sample, *keys: str) -> None:
        for key in keys:
            place = (stage.kind, stage.incarnations, key)
            self._last[place] = max(self._last.get(place, 0), sample[key])

    def total(self, kind: str, key: str) -> int:
        return int(sum(value for (whose, _, what), value in self._last.items()
                       if (whose, what) == (kind, key)))

    @property
    def recorded(self) -> int:
        """Publication records stored by all reporters, as far as was seen before their ends."""
        return self.total("reporter", "publications_total")

    @property
    def repeated(self) -> tuple[int, int]:
        """Records of what was recorded before: flagged, not flagged."""
        return self.total("reporter", REPEATED["true"]), self.total("reporter", REPEATED["false"])

    # -- looking --------------------------------------------------------------------------------

    async def run(self) -> None:
        while True:
            begun = time.monotonic()
            await asyncio.gather(*(self.look(stage) for stage in self._line.stages if stage.works))
            self._judge_progress()
            await asyncio.sleep(max(0.02, begun + EVERY_S - time.monotonic()))

    async def look(self, stage: Stage) -> None:
        try:
            sample = await stage.sample()
        except Silent:
            return
        self.take(stage, sample)

    def take(self, stage: Stage, sample) -> None:
        stage.note_memory()
        self._count_descriptors(stage, sample)
        self.samples += 1
        for link, limit in self._limits(stage, sample):
            in_flight = sample[f"in_flight {link}"]
            place = f"{stage.kind}, {link}"
            part = in_flight / max(1, limit)
            self.most_in_flight[place] = max(self.most_in_flight.get(place, 0), part)
            if in_flight > limit:
                self.excesses.append(f"{stage.name}: {in_flight:.0f} {link} in flight, "
                                     f"{limit} allowed")
        if stage.kind == "reporter":
            self._keep(stage, sample, "publications_total", *REPEATED.values())
        elif stage.kind == "ingestor":
            self._keep(stage, sample, "events_redelivered_total posts")

    def _count_descriptors(self, stage: Stage, sample) -> None:
        sessions = [sample[f"sessions {link}"] for link in stage.links]
        if all(sessions) and (count := stage.descriptors()):
            self.descriptors.setdefault(stage.kind, Descriptors()).take(count - int(sum(sessions)))

    def _limits(self, stage: Stage, sample) -> list[tuple[str, int]]:
        if stage.kind == "ingestor":
            return [("posts", pipeline.MAX_DEMAND * int(sample["sessions posts"]))]
        if stage.kind == "reporter":
            return [("publications", pipeline.REPORTER_MAX_DEMAND)]
        return [("posts", pipeline.MAX_DEMAND), ("publications", pipeline.REPORTER_MAX_DEMAND)]

    def _judge_progress(self) -> None:
        now = time.monotonic()
        if self.recorded != self._recorded:
            self._recorded, self._moved_at, self._stalled = self.recorded, now, False
        if not self._health.flows() or not self.recorded:  # it may still be starting
            self._moved_at = now
            return
        still = now - max(self._moved_at, self._health.changed)
        self.longest_still = max(self.longest_still, still)
        if still > STALL_S and not self._stalled:
            self._stalled = True
            self.stalls.append(f"{time.strftime('%H:%M:%S')}: nothing settled for {still:.1f} s "
                               f"though everybody was there")
