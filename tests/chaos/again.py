"""What comes again after a kill of the ingestor, by what it left in its state.

Of the ingestor nothing is believed but how many posts it had settled a while before, and how many
it had sent at the last look. How many of them its successor knows is read from the file.
"""

import asyncio
from dataclasses import dataclass

from chaos.stage import Sample, Silent, Stage

RECENT_S = 0.1  # what was settled longer ago is in the state
SETTLED, IN_FLIGHT = "events_settled_total posts accepted", "in_flight posts"


@dataclass
class Again:
    """Of one kill."""

    window: float  # seconds from the first look to the kill
    waited: float  # for a processor, meanwhile
    unsettled: int  # at the last look
    recent: int    # settled after the first look
    posts: int     # that count as unsettled to the successor
    overdue: int   # of those, settled before the first look


class Looks:
    """At an ingestor that is about to be killed."""

    def __init__(self, stage: Stage, watch):
        self._stage, self._watch = stage, watch
        self._first: Sample | None = None
        self._last: Sample | None = None
        self._waited = 0.0

    async def take(self) -> None:
        """Returns when the first look is as old as what may come again."""
        try:
            self._first = self._last = await self._stage.sample()
        except Silent:
            return
        self._waited = self._stage.waited_for_processor()
        try:
            async with asyncio.timeout_at(self._first.answered + RECENT_S):
                await asyncio.sleep(RECENT_S / 2)
                await self._watch.look(self._stage)
                await asyncio.sleep(RECENT_S)  # at most: the time is over before
        except TimeoutError:
            pass

    def end(self) -> None:
        """Immediately before the kill."""
        if self._first:
            self._last = max(self._stage.samples, key=lambda sample: sample.time,
                             default=self._first)
            self._waited = self._stage.waited_for_processor() - self._waited

    def judge(self, killed: float, new_in_state: int) -> Again | None:
        """`new_in_state`: posts that the ingestor settled, as its successor knows."""
        if not self._first:
            return None
        settled, settled_at_last = int(self._first[SETTLED]), int(self._last[SETTLED])
        unsettled = int(self._last[IN_FLIGHT])
        return Again(window=killed - self._first.answered, waited=self._waited,
                     unsettled=unsettled, recent=settled_at_last - settled,
                     posts=max(0, unsettled + settled_at_last - new_in_state),
                     overdue=max(0, settled - new_in_state))
