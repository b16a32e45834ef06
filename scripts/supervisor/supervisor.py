"""Starts the pipeline's processes, keeps them, scales and drains them.

One asyncio loop. Commands come from control.py; one that changes something runs at a time, and
`down` goes before all others.
"""

import asyncio
import os
import sys
import time
from collections import deque
from pathlib import Path

from supervisor import control, flow, rundir
from supervisor.child import KILL_AFTER_S, Child, describe
from supervisor.config import MAX_REPUBLISHERS, STAGES, Config
from supervisor.control import CommandError
from supervisor.notify import Notifications

READY_S = 30.0
MAX_DEPARTED = 16


class Supervisor:
    def __init__(self, config: Config, run_dir: Path, executables: Path):
        self._config, self._run_dir, self._executables = config, run_dir, executables
        self._children: dict[str, Child] = {}
        self._departed: deque[Child] = deque(maxlen=MAX_DEPARTED)  # scaled away, not all went well
        self._changed: set[asyncio.Future] = set()
        self._changing: asyncio.Task | None = None  # the latest command that changes something
        self.over = asyncio.Event()
        self.last_flow: dict | None = None
        self._notifications = Notifications(self._ready)
        self._environment = {**os.environ, "RUN_DIR": str(run_dir),
                             "NOTIFY_SOCKET": self._notifications.address}
        self._environment.pop("NOTIFY_FD", None)

    # -- commands -----------------------------------------------------------------------------

    async def run_command(self, request: dict, client: control.Client) -> None:
        command = request["command"]
        if command == "status":
            client.done(processes=self.report(),
                        config=str(self._config.path))
        elif command == "kill":
            for child in self._children.values():
                child.kill()
            client.done()
        elif command == "down":
            client.done(clean=await self._exclusively("down", self._down(client.say)))
            self.over.set()
        elif command == "scale":
            count = request.get("republishers")
            if type(count) is not int or not 0 <= count <= MAX_REPUBLISHERS:
                raise CommandError(f"scale: a number from 0 to {MAX_REPUBLISHERS}")
            await self._exclusively(f"scale {count}", self._scale(count, client.say))
            client.done()
        else:
            raise CommandError(f"unknown command '{command[:40]}'")

    async def up(self, republishers: int) -> None:
        """Starts everything and waits until it is ready. Raises CommandError."""
        await self._exclusively("up", self._up(republishers))

    async def stop(self) -> None:
        """`down` by the supervisor's own decision, after one that is under way."""
        if self._under_way() == "down":
            await asyncio.wait({self._changing})
        if not self.over.is_set():
            await self._exclusively("down", self._down(log))
            self.over.set()

    def report(self) -> list[dict]:
        """Every process in the order in which posts pass them, then those scaled away badly."""
        ordered = sorted(self._children.values(), key=lambda child: (
            STAGES.index(child.stage), len(child.name), child.name))
        return [child.report() for child in [*ordered, *self._departed]]

    def close(self) -> None:
        self._notifications.close()

    def _under_way(self) -> str:
        busy = self._changing is not None and not self._changing.done()
        return self._changing.get_name() if busy else ""

    async def _exclusively(self, name: str, command):
        """Runs a command that changes something, unless another does: `down` cuts that short."""
        busy = self._under_way()
        if busy == "down" or (busy and name != "down"):
            command.close()
            raise CommandError(f"{busy} is under way")
        if busy:
            self._changing.cancel()
            await asyncio.wait({self._changing})
        task = self._changing = asyncio.create_task(command, name=name)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            raise CommandError(f"{name} was cut short by down") from None

    async def _up(self, republishers: int) -> None:
        self._start("reporter", "reporter")
        for number in range(1, republishers + 1):
            self._start(f"republisher-{number}", "republisher")
        self._start("ingestor", "ingestor")
        children = list(self._children.values())
        await self._until_ready(children)

    async def _scale(self, count: int, say) -> None:
        numbers = {int(name.rpartition("-")[2]): child for name, child in self._children.items()
                   if child.stage == "republisher"}
        superfluous = [child for number, child in sorted(numbers.items()) if number > count]
        draining = asyncio.gather(*(child.stop(say) for child in reversed(superfluous)))
        wanted = []
        for number in range(1, count + 1):
            child = numbers.get(number)
            if child is None or child.ended:
                child = self._start(f"republisher-{number}", "republisher")
            wanted.append(child)
        await draining
        for child in superfluous:
            del self._children[child.name]
            if not child.clean:
                say(_why(child))
            if child.restarts or not child.clean:
                self._departed.append(child)
        self._write_state()
        await self._until_ready(wanted)

    async def _down(self, say) -> bool:
        """Drains stage by stage. True if every process ended well."""
        clean = True
        for stage in STAGES:
            if stage == "reporter":
                await self._last_look()
            children = [child for child in self._children.values() if child.stage == stage]
            await asyncio.gather(*(child.stop(say) for child in children if not child.ended))
            for child in children:
                ending = "not started" if child.returncode is None else describe(child.returncode)
                last = child.last_line() if child.returncode else ""
                say(f"{child.name}: {ending}" + (f": {last}" if last else ""))
                clean = clean and child.clean
        return clean

    async def _last_look(self) -> None:
        """The flow's counters when nothing flows any more, for whoever asks how it ended."""
        try:
            self.last_flow = await asyncio.to_thread(flow.fetch, self._config.http["reporter"])
        except flow.FlowError as error:
            log(f"no final counts: {error}")

    # -- children -----------------------------------------------------------------------------

    def _start(self, name: str, stage: str) -> Child:
        command = [str(self._executables / stage), "--config", str(self._config.path)]
        child = Child(name, stage, command, self._run_dir, self._config.drain_timeout[stage],
                      self._on_change)
        self._children[name] = child
        child.start(self._environment)
        return child

    async def _until_ready(self, children: list[Child]) -> None:
        """Waits for `children`; once the ingestor has finished, no republisher has an upstream to
        get ready with, so that only the reporter is waited for.
        Raises CommandError if one cannot be started or the time is over."""
        deadline = time.monotonic() + READY_S
        while True:
            broken = [child for child in children if child.broken]
            if broken:
                raise CommandError("\n".join(map(_why, broken)))
            finished = self._children["ingestor"].state == "finished"
            waiting = [child for child in children if child.state not in ("ready", "finished")
                       and not (finished and child.stage == "republisher")]
            if not waiting:
                return
            if not await self._next_change(deadline):
                reasons = await asyncio.gather(*map(self._why_unready, waiting))
                raise CommandError(f"not ready after {READY_S:.0f} s: " + "; ".join(reasons))

    async def _next_change(self, deadline: float) -> bool:
        change = asyncio.get_running_loop().create_future()
        self._changed.add(change)
        done, _ = await asyncio.wait({change}, timeout=max(0, deadline - time.monotonic()))
        self._changed.discard(change)
        return bool(done)

    async def _why_unready(self, child: Child) -> str:
        address = self._config.http[child.stage]
        reason = child.error if child.state == "waiting" else ""
        if child.pid and address:
            reason = await asyncio.to_thread(flow.unready_reason, address)
        return f"{child.name} ({child.state}" + (f": {reason})" if reason else ")")

    def _ready(self, pid: int) -> None:
        for child in self._children.values():
            if child.pid == pid:
                child.set_ready()

    def _on_change(self, child: Child) -> None:
        detail = ""
        if child.state in ("waiting", "failed", "stopped", "finished"):
            detail = " after " + _why(child).removeprefix(f"{child.name}: ")
        log(f"{child.name} is {child.state}" + (f", pid {child.pid}" if child.pid else detail))
        self._write_state()
        for change in self._changed:
            if not change.done():
                change.set_result(None)

    def _write_state(self) -> None:
        identities = [child.identity() for child in self._children.values()]
        own = rundir.Identity("supervisor", os.getpid(), rundir.start_time(os.getpid()))
        patience = max(self._config.drain_timeout.values()) + KILL_AFTER_S
        rundir.write_state(self._run_dir, own, [one for one in identities if one], patience)


def _why(child: Child) -> str:
    ending = [] if child.returncode is None else [describe(child.returncode)]
    return f"{child.name}: " + ": ".join(ending + [child.error] * bool(child.error))


def log(text: str) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(f"{now} supervisor: {text}", file=sys.stderr, flush=True)
