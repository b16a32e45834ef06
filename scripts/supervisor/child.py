"""One supervised process: started, found ready, restarted with back-off, drained.

Runs in the supervisor's loop. A child gets SIGTERM from the kernel when the supervisor dies, so
nothing runs that nobody looks after; it then drains as after any SIGTERM.
"""

import asyncio
import os
import signal
import subprocess
import time
from pathlib import Path

from supervisor import rundir

BACKOFF_FIRST_S = 1.0
BACKOFF_LAST_S = 30.0
HEALTHY_S = 30.0         # ready for so long: the back-off starts anew
KILL_AFTER_S = 5.0       # past a child's own drain_timeout
MAX_LOG_BYTES = 50 << 20
TAIL_BYTES = 16 << 10

EXIT_CONFIGURATION = 2


def rotate(log: Path) -> None:
    """Keeps a log and its predecessor below about MAX_LOG_BYTES each; called at a start."""
    if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def describe(returncode: int) -> str:
    if returncode >= 0:
        return f"exit {returncode}"
    try:
        return f"killed by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"killed by signal {-returncode}"


def bound(name: str, command: list[str]) -> list[str]:
    """`command`, as a child of ours that gets signal `name` when we are gone; same pid. If we went
    before the kernel knew of that, it has another parent by then, and does not begin."""
    return ["setpriv", "--pdeathsig", name, "--", "sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"',
            str(os.getpid()), *command]


async def _ended(process: subprocess.Popen) -> int:
    """Waits for the end of `process`; returns its exit code, or minus the signal that killed it."""
    loop = asyncio.get_running_loop()
    descriptor = os.pidfd_open(process.pid)
    end = loop.create_future()
    loop.add_reader(descriptor, lambda: end.done() or end.set_result(None))
    try:
        await end
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return process.wait()


class Child:
    """States: starting, ready, waiting (for its restart), stopping, and at the end one of
    finished (an ingestor that ended by itself), failed (its configuration is refused), stopped."""

    def __init__(self, name: str, stage: str, command: list[str], run_dir: Path,
                 drain_timeout: float, on_change):
        self.name, self.stage = name, stage
        self.state = "starting"
        self.pid: int | None = None
        self.restarts = 0
        self.returncode: int | None = None  # of the last process that ended
        self.error = ""                     # what it said last, if it ended badly
        self.log = run_dir / "log" / f"{name}.log"
        self._command, self._run_dir = command, run_dir
        self._drain_timeout, self._on_change = drain_timeout, on_change
        self._backoff_s = BACKOFF_FIRST_S
        self._started = self._ready_since = 0.0
        self._ever_ready = False
        self._log_start = 0
        self._process: subprocess.Popen | None = None
        self._start = 0
        self._stop = asyncio.Event()
        self._task: asyncio.Task | None = None

    # -- what the supervisor asks -------------------------------------------------------------

    @property
    def ended(self) -> bool:
        return self.state in ("finished", "failed", "stopped")

    @property
    def broken(self) -> bool:
        """Whether it cannot be started: its configuration is refused, or it never got ready."""
        return self.state == "failed" or (self.state == "waiting" and not self._ever_ready)

    @property
    def clean(self) -> bool:
        """Whether its last process ended as it should: by itself, or before it had begun."""
        unbegun = self.returncode == -signal.SIGTERM and not self._ready_since
        return self.state != "failed" and (self.returncode in (0, None) or unbegun)

    def identity(self) -> rundir.Identity | None:
        return rundir.Identity(self.name, self.pid, self._start) if self.pid else None

    def last_line(self) -> str:
        """The last line that the latest process wrote, at most a screen's worth."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, end - TAIL_BYTES))
            lines = log.read(TAIL_BYTES).decode(errors="replace").split("\n")
        return next((line.strip()[:1000] for line in reversed(lines) if line.strip()), "")

    def report(self) -> dict:
        return {
            "name": self.name, "stage": self.stage, "pid": self.pid, "state": self.state,
            "uptime_s": round(time.monotonic() - self._started, 1) if self.pid else None,
            "restarts": self.restarts, "returncode": self.returncode, "error": self.error,
            "clean": self.clean,
            "memory_bytes": rundir.memory_bytes(self.pid) if self.pid else None,
            "last_line": self.last_line(),
        }

    def start(self, environment: dict[str, str]) -> None:
        self._task = asyncio.create_task(self._keep(environment))

    def set_ready(self) -> None:
        if self.state == "starting":
            self._ready_since = time.monotonic()
            self._ever_ready = True
            self._become("ready")

    async def stop(self, say) -> None:
        """Asks for a drain and waits for its end; says so if it had to be killed."""
        self._stop.set()
        if self.pid and self.state != "stopping":  # a second SIGTERM would cut the drain short
            self._become("stopping")
            self._process.send_signal(signal.SIGTERM)
        done, _ = await asyncio.wait({self._task}, timeout=self._drain_timeout + KILL_AFTER_S)
        if not done:
            say(f"{self.name}: not drained {self._drain_timeout + KILL_AFTER_S:.0f} s after "
                "SIGTERM: killed")
            self.kill()
            await asyncio.wait({self._task})
        self._task.result()

    def kill(self) -> None:
        self._stop.set()
        if self.pid:
            self._process.kill()

    # -- its life -----------------------------------------------------------------------------

    async def _keep(self, environment: dict[str, str]) -> None:
        while not self._stop.is_set():
            try:
                self._spawn(environment)
            except OSError as error:
                self.error = f"cannot be started: {error}"
                return self._become("failed")
            self.returncode = await _ended(self._process)
            self.pid = None
            self.error = "" if self.returncode == 0 else self.last_line()
            if self._stop.is_set():
                break
            if self.returncode == 0 and self.stage == "ingestor":
                return self._become("finished")
            if self.returncode == EXIT_CONFIGURATION:
                return self._become("failed")
            await self._back_off()
        self._become("stopped")

    def _spawn(self, environment: dict[str, str]) -> None:
        """Without a break: a process may be ready at once, and its pid must be known by then."""
        rotate(self.log)
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                bound("TERM", self._command), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self._run_dir, env=environment)
        self.pid = self._process.pid
        self._start = rundir.start_time(self.pid) or 0
        self._started = time.monotonic()
        self._ready_since = 0.0
        self._become("starting")

    async def _back_off(self) -> None:
        if self._ready_since and time.monotonic() - self._ready_since >= HEALTHY_S:
            self._backoff_s = BACKOFF_FIRST_S
        self._become("waiting")
        delay, self._backoff_s = self._backoff_s, min(2 * self._backoff_s, BACKOFF_LAST_S)
        try:
            await asyncio.wait_for(self._stop.wait(), delay)
        except asyncio.TimeoutError:
            self.restarts += 1

    def _become(self, state: str) -> None:
        self.state = state
        self._on_change(self)
