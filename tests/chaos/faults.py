"""Does to the pipeline what the plan says, and measures how it recovers."""

import asyncio
import time
from collections import Counter, defaultdict
from dataclasses import dataclass

from chaos import pipeline
from chaos.again import Again, Looks
from chaos.ending import Stuck, diagnosis
from chaos.health import Health
from chaos.plan import Fault
from chaos.stage import Silent, Stage

POLL_S = 0.02
SLOW_S = 1.0
STUCK_S = 10.0  # whoever has not recovered by then, with all whom it needs well, will not
PATIENCE_S = pipeline.DRAIN_S + 10


@dataclass
class Kill:
    """A process that was killed, with what must be known to judge what comes again."""

    kind: str
    name: str
    pid: int
    wall: float                # time of day, as in the logs
    again: Again | None = None  # of an ingestor that could be asked before


class Faults:
    def __init__(self, line: pipeline.Pipeline, health: Health, watch, source):
        self._line, self._health, self._watch, self._source = line, health, watch, source
        self.done: Counter = Counter()  # (kind of fault, kind of process or link)
        self.kills: list[Kill] = []
        self.recoveries: dict[str, list[float]] = defaultdict(list)
        self.disturbed: Counter = Counter()
        self.goodbyes: dict[str, list[float]] = defaultdict(list)
        self.failures: list[str] = []
        self.slow: list[str] = []  # recoveries to look at, with their time in the logs
        self._tasks: set[asyncio.Task] = set()
        self._known = 0  # posts that were settled when the present ingestor began

    async def run(self, plan: list[Fault]) -> None:
        try:
            for fault in plan:
                await asyncio.sleep(fault.gap)
                await self._begin(fault)
            await self._until_recovered()
        finally:
            for task in self._tasks:
                task.cancel()

    async def _until_recovered(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        except TimeoutError:
            raise await self._stuck("not everybody has recovered") from None

    async def _stuck(self, what: str) -> Stuck:
        return Stuck(await diagnosis(self._line, f"{what} after {PATIENCE_S} s"))

    async def _begin(self, fault: Fault) -> None:
        """Waits until the fault can be done; what follows goes on beside the next ones."""
        kind = fault.kind.removeprefix("long ")
        if kind in ("kill", "stop", "restart"):
            # Who is asked to leave has begun: before that, SIGTERM ends it as any process.
            stage = await self._somebody(lambda: [
                stage for stage in self._line.of_kind(fault.stage)
                if kind != "restart" or stage.answered], fault.pick)
            self.done[fault.kind, fault.stage] += 1
            self._spawn({"kill": self._kill, "stop": self._stop, "restart": self._restart}[kind](
                fault, stage))
        elif kind in ("scale up", "scale down"):
            await self._scale(kind == "scale up", fault.pick)
        else:
            for link in fault.links if kind != "partition" else ("posts and publications",):
                self.done[fault.kind, link] += 1
            self._spawn(self._network(kind, fault))

    async def _scale(self, up: bool, pick: float) -> None:
        """One more or one less; at either bound the other, or nothing would ever go on."""
        if up and len(self._line.republishers) == pipeline.MOST_REPUBLISHERS:
            up = False
        elif not up and all(stage.leaving for stage in self._line.removable()):
            up = True
        if up:
            self.done["scale up", "republisher"] += 1
            stage = self._line.add()
            stage.busy = True
            self._spawn(self._join(stage))
        else:
            self.done["scale down", "republisher"] += 1
            stage = await self._somebody(lambda: [
                stage for stage in self._line.removable() if stage.answered], pick)
            stage.leaving = True
            self._spawn(self._leave(stage))

    async def _somebody(self, candidates, pick: float) -> Stage:
        """One of the candidates to whom nothing is being done, once there is one."""
        deadline = time.monotonic() + PATIENCE_S
        while not (free := [stage for stage in candidates() if stage.works and not stage.busy]):
            if time.monotonic() > deadline:
                raise await self._stuck("nobody is there for the next fault")
            await asyncio.sleep(POLL_S)
        stage = free[int(pick * len(free))]
        stage.busy = True
        return stage

    def _spawn(self, work) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)

        def ended(task):
            self._tasks.discard(task)
            if not task.cancelled() and task.exception():
                self.failures.append(f"a fault could not be done: {task.exception()!r}")
        task.add_done_callback(ended)

    # -- processes ------------------------------------------------------------------------------

    async def _kill(self, fault: Fault, stage: Stage) -> None:
        looks = Looks(stage)
        if stage.kind == "ingestor":
            await looks.take()
        else:
            await self._watch.look(stage)
        if stage.pid is None:  # crashed: reported by whoever waits for it
            return
        self._health.hit(stage.name)
        kill = Kill(stage.kind, stage.name, stage.pid, time.time())
        killed = time.monotonic()
        await stage.kill()
        if stage.kind == "ingestor":
            known, self._known = self._known, self._source.settled_in_state()
            kill.again = looks.judge(killed, self._known - known)
        self.kills.append(kill)
        await asyncio.sleep(fault.seconds)
        await stage.start()
        self._health.heal(stage.name)
        stage.busy = False
        await self._recovers("kill of " + _a(stage.kind), stage, stage.started, 0)

    async def _stop(self, fault: Fault, stage: Stage) -> None:
        self._health.hit(stage.name)
        before = stage.settled(stage.samples[-1]) if stage.samples else 0
        stage.stop()
        await asyncio.sleep(fault.seconds)
        stage.resume()
        self._health.heal(stage.name)
        stage.busy = False
        await self._recovers(fault.kind, stage, time.monotonic(), before, settle_first=True)

    async def _restart(self, fault: Fault, stage: Stage) -> None:
        """Drains and comes back, as for a new version of the program."""
        self._health.hit(stage.name)
        begun = time.monotonic()
        if failure := await stage.drain(pipeline.DRAIN_S):
            self.failures.append(failure)
        self.goodbyes[f"{stage.kind} drained"].append(time.monotonic() - begun)
        if stage.kind == "ingestor":
            self._known = self._source.settled_in_state()
        await stage.start()
        self._health.heal(stage.name)
        stage.busy = False
        await self._recovers(f"{stage.kind} back", stage, stage.started, 0, goodbye=True)

    async def _join(self, stage: Stage) -> None:
        self._health.hit(stage.name)
        await stage.start()
        self._health.heal(stage.name)
        stage.busy = False
        await self._recovers("republisher joined", stage, stage.started, 0, goodbye=True)

    async def _leave(self, stage: Stage) -> None:
        moment = self._health.moment(stage.name)
        begun = time.monotonic()
        failure = await stage.drain(pipeline.DRAIN_S)
        if failure:
            self.failures.append(failure)
        if moment.undisturbed():
            self.goodbyes["republisher left"].append(time.monotonic() - begun)
        else:
            self.disturbed["republisher left"] += 1
        self._line.remove(stage)
        stage.busy = False

    # -- the network ------------------------------------------------------------------------------

    async def _network(self, kind: str, fault: Fault) -> None:
        network = self._line.network
        route = "elsewhere" if kind == "partition" else "proxied"
        hit = self._line.on_route(route)
        names = [stage.name for stage in hit]
        self._health.hit(*names)
        if kind == "reset":
            await network.reset(fault.links)
        elif kind == "delay":
            await network.delay(fault.links, fault.ms)
        elif kind == "hole":
            await network.hole(fault.links, fault.way)
        else:
            network.cut(fault.way)
        await asyncio.sleep(fault.seconds)
        before = {stage: stage.settled(stage.samples[-1]) if stage.samples else 0 for stage in hit}
        incarnations = {stage: stage.incarnations for stage in hit}
        if kind == "partition":
            network.mend(fault.way)
        elif kind != "reset":
            await network.heal(fault.links)
        healed = time.monotonic()
        self._health.heal(*names)
        same = [stage for stage in hit if stage.pid and stage.incarnations == incarnations[stage]]
        await asyncio.gather(*(self._recovers(fault.kind, stage, healed, before[stage],
                                              settle_first=True) for stage in same))

    # -- recovery ---------------------------------------------------------------------------------

    async def _recovers(self, what: str, stage: Stage, begun: float, before: float,
                        settle_first: bool = False, goodbye: bool = False) -> None:
        """Until something is settled through `stage` again, or something else happens to it."""
        moment = self._health.moment(stage.name)
        incarnation, stuck = stage.incarnations, False
        while stage.works and stage.incarnations == incarnation and not stage.leaving:
            if not stuck and self._health.calm_s(stage.name) > STUCK_S:
                stuck = True
                self.failures.append(f"{what}: {stage.name} (pid {stage.pid}) has not recovered for "
                                     f"{STUCK_S:.0f} s, though whom it needs is well")
            try:
                sample = await stage.sample()
            except Silent:
                await asyncio.sleep(POLL_S)
                continue
            self._watch.take(stage, sample)
            if settle_first:  # what was settled while nobody could ask is not the recovery
                before, settle_first = max(before, stage.settled(sample)), False
            elif stage.settled(sample) > before:
                break
            await asyncio.sleep(POLL_S)
        else:
            self.disturbed[what] += 1
            return
        if moment.undisturbed():
            seconds = sample.time - begun
            (self.goodbyes if goodbye else self.recoveries)[what].append(seconds)
            if seconds > SLOW_S:
                self.slow.append(f"{time.strftime('%H:%M:%S', time.gmtime())}: {what}: "
                                 f"{stage.name} (pid {stage.pid}) after {seconds:.2f} s")
        else:
            self.disturbed[what] += 1
        self._health.recovered(stage.name)


def _a(kind: str) -> str:
    return f"{'an' if kind == 'ingestor' else 'a'} {kind}"
