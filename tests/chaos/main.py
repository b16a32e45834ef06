"""scripts/chaos."""

import argparse
import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from chaos import account, ending, faults, journal, namespaces, pipeline, plan, report, source
from chaos.health import Health
from chaos.network import Network
from chaos.watch import Watch
from supervisor import rundir
from supervisor.child import describe
from supervisor.commands import folder

ROOT = Path(__file__).resolve().parents[2]
NICENESS = 10
EVENTS_PER_KILL = 10_000
ROW_BYTES = 500           # of disk for a publication, its part of the post and of the log
PROGRESS_S = 10.0
READY_S = 30.0
INTERRUPTED = 130
MOST = 60_000             # milliseconds of a cost, seconds of a pace


class Run:
    """One run; what report.py reads of it."""

    def __init__(self, arguments, run_dir: Path, skipped: list[str]):
        self.seed, self.run_dir, self.skipped = arguments.seed, run_dir, skipped
        self.kills = arguments.kills
        self.source_kind, self._arguments = arguments.source, arguments
        self.failures: list[str] = []
        self.account = account.Account()
        self.journal = journal.Journal()
        self.seconds = self.load = 0.0
        self.cpus = len(os.sched_getaffinity(0))
        self._network = Network()
        self._source = source.KINDS[arguments.source](run_dir)
        self._over = False
        self._broken = asyncio.Event()  # a process has ended by itself

    async def play(self) -> None:
        """Raises RuntimeError if it cannot begin."""
        arguments = self._arguments
        self.line = pipeline.Pipeline(self.run_dir, arguments.executables, self._source.uri,
                                      arguments.cost_ms, self._network, self._ended)
        health = Health(lambda: [stage.name for stage in self.line.republishers])
        self.watch = Watch(self.line, health)
        self.faults = faults.Faults(self.line, health, self.watch, self._source)
        begun = time.monotonic()
        helpers = []
        try:
            await self._network.build(self.line.ports, cable=not self.skipped)
            await self.line.start()
            helpers = [asyncio.create_task(work) for work in (
                self.watch.run(), self._progress(), self._crash(),
                self._source.feed(lambda: self.watch.recorded // pipeline.PUBLICATIONS_PER_POST))]
            await self._until_it_flows()
            await self._under_fire(helpers)
            helpers.pop().cancel()  # nobody feeds a source that ends
            await ending.finish(self.line, self._source, self.watch, self.faults,
                                -(-arguments.events // pipeline.PUBLICATIONS_PER_POST))
        except ending.Stuck as stuck:
            self.failures.append(f"stuck: {str(stuck).splitlines()[0]}")
            (self.run_dir / "stuck.txt").write_text(f"{stuck}\n")
        finally:
            self._over = True
            for helper in helpers:
                helper.cancel()
            await self.line.kill_all()
            await self._network.close()
            self.seconds, self.load = time.monotonic() - begun, os.getloadavg()[0]

    async def _under_fire(self, helpers) -> None:
        faults_plan = plan.make(self._arguments.kills, self.seed, self._arguments.pace,
                                "elsewhere" in self._network.routes)
        work = asyncio.create_task(self.faults.run(faults_plan))
        try:
            await asyncio.wait({work, *helpers}, return_when=asyncio.FIRST_COMPLETED)
            for task in (work, *helpers):
                if task.done():
                    task.result()
        finally:
            work.cancel()

    async def _until_it_flows(self) -> None:
        deadline = time.monotonic() + READY_S
        while not self.watch.recorded:
            if time.monotonic() > deadline or self.failures:
                raise ending.Stuck(await ending.diagnosis(self.line, "the pipeline does not start"))
            await asyncio.sleep(0.05)

    def _ended(self, stage, code: int) -> None:
        if not self._over:
            self.failures.append(f"{stage.name} ended by itself: {describe(code)}: "
                                 f"{stage.last_line()}")
            self._broken.set()

    async def _crash(self) -> None:
        await self._broken.wait()
        raise ending.Stuck(await ending.diagnosis(self.line, "a process ended by itself"))

    async def _progress(self) -> None:
        begun = time.monotonic()
        while True:
            await asyncio.sleep(PROGRESS_S)
            done = self.faults.done
            kills = sum(count for (kind, _), count in done.items() if kind == "kill")
            others = sum(done.values()) - kills
            flagged, unflagged = self.watch.repeated
            print(f"{time.monotonic() - begun:6.0f} s: {kills} of {self._arguments.kills} kills, "
                  f"{others} other faults, {self.watch.recorded:,} publications, "
                  f"{flagged:,} again, {unflagged} unflagged, "
                  f"{len(self.line.republishers)} republishers, load {os.getloadavg()[0]:.1f}",
                  flush=True)

    def settle_account(self) -> dict:
        account.write_emitted(self.run_dir / "emitted.txt", self._source.emitted())
        self.account = account.check(self.run_dir / "reports.db", self.run_dir / "emitted.txt",
                                     pipeline.TARGETS, pipeline.FORMATS)
        self.journal = journal.read(self.run_dir / "log")
        result = report.collect(self)
        report.write(self.run_dir, result)
        return result


def parse(argv: list[str]):
    parser = argparse.ArgumentParser(
        prog="scripts/chaos", allow_abbrev=False,
        description="Kills, stops and cuts off the processes of a pipeline while posts flow, then "
                    "compares the database with what the source gave. Exit 0 only if nothing was "
                    "lost, doubled or came again without its flag.")
    parser.add_argument("--kills", type=_at_least(1), default=14)
    parser.add_argument("--seed", type=int, help="of the faults; by default a new one")
    parser.add_argument("--run-dir", type=folder, help="new or empty; by default a temporary one")
    parser.add_argument("--source", choices=source.KINDS, default="simulated")
    parser.add_argument("--events", type=_at_least(1), help="publications, at least; "
                        f"by default {EVENTS_PER_KILL:,} a kill")
    parser.add_argument("--pace", type=_decimal(0.01), default=1.5,
                        help="seconds between faults, mean")
    parser.add_argument("--cost-ms", type=_decimal(0), default=0.6,
                        help="simulated cost of a publication, so that work is in flight")
    parser.add_argument("--no-partitions", action="store_true",
                        help="no second network namespace")
    arguments = parser.parse_args(argv)
    if arguments.seed is None:
        arguments.seed = random.SystemRandom().randrange(1, 1_000_000)
    arguments.events = arguments.events or arguments.kills * EVENTS_PER_KILL
    arguments.executables = Path(os.environ.get("PIPELINE_BIN") or ROOT / "build/release/bin")
    return arguments


def _at_least(least: int):
    def number(value: str) -> int:
        if int(value) < least:
            raise ValueError
        return int(value)
    number.__name__ = f"number from {least}"
    return number


def _decimal(least: float):
    def number(value: str) -> float:
        if not least <= float(value) <= MOST:
            raise ValueError
        return float(value)
    number.__name__ = f"number from {least} to {MOST:,}"
    return number


def fail(why: str) -> int:
    print(f"scripts/chaos: {why}", file=sys.stderr)
    return 2


def main(argv: list[str]) -> int:
    arguments = parse(argv)
    for name in plan.KINDS_OF_STAGE:
        if not (arguments.executables / name).exists():
            return fail(f"{arguments.executables / name} is missing: run scripts/build")
    skipped = []
    if arguments.no_partitions:
        skipped.append("partitions, by --no-partitions")
    elif reason := namespaces.enter():
        skipped.append(f"partitions: a network namespace is not permitted here ({reason})")
    temporary = arguments.run_dir is None
    try:
        run_dir = Path(tempfile.mkdtemp(prefix="pullwire-chaos-")) if temporary \
            else rundir.make(arguments.run_dir)
    except rundir.RunDirError as error:
        return fail(str(error))
    if any(run_dir.iterdir()):
        return fail(f"{run_dir} is not empty")
    room = shutil.disk_usage(run_dir).free
    if room < arguments.events * ROW_BYTES * 2:
        return fail(f"{run_dir}: {room >> 20:,} MiB are free, {arguments.events:,} publications "
                    f"may need {arguments.events * ROW_BYTES * 2 >> 20:,} MiB")
    print(f"seed {arguments.seed}: {arguments.kills} kills, in {run_dir}", flush=True)
    os.nice(NICENESS)
    run = Run(arguments, run_dir, skipped)
    try:
        result = asyncio.run(_interruptible(run))
    except asyncio.CancelledError:
        print("interrupted")
        if temporary:
            shutil.rmtree(run_dir)
        return INTERRUPTED
    except Exception:
        print(f"scripts/chaos has failed itself; what is left of it: {run_dir}", flush=True)
        raise
    if result["failures"]:
        print(f"what is left of it: {run_dir}")
    elif temporary:
        shutil.rmtree(run_dir)
    return 1 if result["failures"] else 0


async def _interruptible(run: Run) -> dict:
    loop, work = asyncio.get_running_loop(), asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, work.cancel)
    asyncio.get_child_watcher()
    await run.play()
    print("comparing the database with what the source gave", flush=True)
    result = run.settle_account()
    print("\n" + "\n".join(report.lines(result)), flush=True)
    return result
