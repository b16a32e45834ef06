"""What comes again after a kill of the ingestor, by what it left in its state.

Of the ingestor nothing is believed but how many posts it had settled a while before, and how many
it had sent at the last look. How many of them its successor knows is read from the file.
"""

import asyncio
import time
from dataclasses import dataclass

from chaos.stage import Sample, Silent, Stage

RECENT_S = 0.1  # what was settled longer ago is in the state
STEP_S = 0.005
PATIENCE_S = 2.0
SETTLED, IN_FLIGHT = "events_settled_total posts accepted", "in_flight posts"


@dataclass
class Again:
    """Of one kill."""

    window: float   # seconds from the first look to the kill
    hindered: float  # of them, without a processor or an answer of the disk
    unsettled: int  # at the last look
    recent: int     # settled after the first look
    posts: int      # that count as unsettled to the successor
    overdue: int    # of those, settled before the first look


class Looks:
    """At an ingestor that is about to be killed."""

    def __init__(self, stage: Stage):
        self._stage = stage
        self._first: Sample | None = None
        self._last: Sample | None = None
        self._hindered = 0.0

    async def take(self) -> None:
        """Returns when the first look is as old as what may come again: time in which somebody
        else had the processors, or the disk did not answer, is not the ingestor's."""
        try:
            self._first = self._last = await self._stage.sample()
        except Silent:
            return
        waited, looked, disk = self._stage.waited_for_processor(), self._first.answered, 0.0
        age = 0.0
        while age - self._hindered < RECENT_S and age < PATIENCE_S:
            await asyncio.sleep(STEP_S)
            now = time.monotonic()
            if self._stage.waits_for_disk():
                disk += now - looked
            looked, age = now, now - self._first.answered
            self._hindered = disk + self._stage.waited_for_processor() - waited
        try:
            self._last = await self._stage.sample()
        except Silent:
            pass

    def judge(self, killed: float, new_in_state: int) -> Again | None:
        """`new_in_state`: posts that the ingestor settled, as its successor knows."""
        if not self._first:
            return None
        settled, settled_at_last = int(self._first[SETTLED]), int(self._last[SETTLED])
        unsettled = int(self._last[IN_FLIGHT])
        return Again(window=killed - self._first.answered, hindered=self._hindered,
                     unsettled=unsettled, recent=settled_at_last - settled,
                     posts=max(0, unsettled + settled_at_last - new_in_state),
                     overdue=max(0, settled - new_in_state))
