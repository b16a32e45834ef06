"""The end of a run: the source gets an end, everything is settled, everybody says goodbye."""

import json
import time
from pathlib import Path

from chaos import pipeline
from chaos.stage import Silent, Stage

STUCK_S = 15.0     # without any settlement
ENDING_S = 30.0    # of one process that has nothing left to do


class Stuck(Exception):
    """The final state is not reached; with what everybody says about it."""


async def finish(line: pipeline.Pipeline, source, watch, faults, least_posts: int) -> None:
    """Raises Stuck."""
    begun = time.monotonic()
    if failure := await line.ingestor.drain(pipeline.DRAIN_S):
        raise Stuck(await diagnosis(line, failure))
    faults.goodbyes["ingestor drained"].append(time.monotonic() - begun)
    await line.ingestor.start(*source.end(least_posts))
    line.ingestor.leaving = True  # it ends by itself
    await _until_settled(line, watch)
    for stage in [*line.republishers, line.reporter]:
        await watch.look(stage)
        begun = time.monotonic()
        if failure := await stage.drain(ENDING_S):
            raise Stuck(await diagnosis(line, failure))
        faults.goodbyes[f"{stage.kind} ended"].append(time.monotonic() - begun)


async def _until_settled(line: pipeline.Pipeline, watch) -> None:
    """Until the ingestor, whose source has an end now, has ended."""
    moved, recorded = time.monotonic(), watch.recorded
    while True:
        failure = await line.ingestor.ended(0.2)
        if line.ingestor.pid is None:
            if failure:
                raise Stuck(await diagnosis(line, failure))
            return
        if watch.recorded != recorded:
            moved, recorded = time.monotonic(), watch.recorded
        if time.monotonic() - moved > STUCK_S:
            raise Stuck(await diagnosis(
                line, f"nothing was settled for {STUCK_S:.0f} s, and the ingestor has not ended"))


async def diagnosis(line: pipeline.Pipeline, failure: str) -> str:
    """What everybody says, and what they said last."""
    told = [failure]
    for stage in line.stages:
        told += await _tell(stage)
    try:
        status = json.loads(await line.reporter.get("/api/status"))
        told.append("reporter's overview: " + json.dumps(status))
    except (Silent, ValueError):
        pass
    return "\n".join(told)


async def _tell(stage: Stage) -> list[str]:
    if stage.pid is None:
        return [f"{stage.name}: no process; last: {stage.last_line()}"]
    state = Path(f"/proc/{stage.pid}/stat").read_text().rpartition(")")[2].split()[0]
    told = f"{stage.name}: pid {stage.pid}, state {state}"
    try:
        ready = (await stage.get("/readyz")).decode(errors="replace").strip()
        sample = await stage.sample()
    except Silent as error:
        return [f"{told}: {error}; last: {stage.last_line()}"]
    values = ", ".join(f"{name} {value:.0f}" for name, value in sorted(sample.values.items()))
    return [f"{told}, {ready}: {values}; last: {stage.last_line()}"]


