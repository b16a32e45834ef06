"""The run directory: who supervises it, which processes belong to it, and build/run/current."""

import fcntl
import json
import os
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from supervisor.config import ROOT

RUNS = ROOT / "build" / "run"
CURRENT = RUNS / "current"
MAX_STATE_BYTES = 1 << 20


class RunDirError(Exception):
    """One line for the operator."""


@dataclass(frozen=True)
class Identity:
    """A process that cannot be mistaken for a later one with the same pid."""

    name: str
    pid: int
    start: int  # clock ticks after boot, /proc/PID/stat field 22

    def alive(self) -> bool:
        return start_time(self.pid) == self.start

    def kill(self) -> None:
        """SIGKILL for this process and no other: the descriptor keeps the pid from being reused
        between the look and the signal."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.alive():
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        finally:
            os.close(descriptor)


def start_time(pid: int) -> int | None:
    """When process `pid` started; None if there is none or it is only waiting to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def memory_bytes(pid: int) -> int | None:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def lock(run_dir: Path) -> int | None:
    """A descriptor whose holder supervises `run_dir`; None if somebody else does.
    The lock dies with its holder, so that a killed supervisor leaves none behind."""
    descriptor = os.open(run_dir / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def supervised(run_dir: Path) -> bool:
    descriptor = lock(run_dir)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


def wait_unsupervised(run_dir: Path, seconds: float) -> None:
    """Until the supervisor is gone, or the seconds are over."""
    deadline = time.monotonic() + seconds
    while supervised(run_dir) and time.monotonic() < deadline:
        time.sleep(0.01)  # a lock tells nobody that it is free


def write_state(run_dir: Path, supervisor: Identity, children: list[Identity],
                patience_s: float) -> None:
    state = {"supervisor": vars(supervisor), "children": [vars(child) for child in children],
             "patience_s": patience_s}
    unfinished = run_dir / "supervisor.json.new"
    unfinished.write_text(json.dumps(state) + "\n")
    unfinished.replace(run_dir / "supervisor.json")


def forget_state(run_dir: Path) -> None:
    (run_dir / "supervisor.json").unlink(missing_ok=True)


@dataclass(frozen=True)
class Left:
    """What a supervisor that was killed has left behind."""

    processes: list[Identity]  # those that still run
    patience_s: float          # how long they may take to drain


def left_behind(run_dir: Path) -> Left | None:
    """None if the last supervisor took its leave. Only for who knows that none runs now."""
    path = run_dir / "supervisor.json"
    if not path.exists():
        return None
    if path.stat().st_size > MAX_STATE_BYTES:
        raise RunDirError(f"{path}: larger than {MAX_STATE_BYTES} bytes")
    try:
        state = json.loads(path.read_text())
        children = [Identity(**child) for child in state["children"]]
        return Left([child for child in children if child.alive()], float(state["patience_s"]))
    except (ValueError, KeyError, TypeError) as error:
        raise RunDirError(f"{path}: not what a supervisor writes: {error}") from None


def wait_gone(processes: list[Identity], seconds: float) -> list[Identity]:
    """Waits for processes that are not our children; returns those that are still there."""
    deadline = time.monotonic() + seconds
    left = [process for process in processes if process.alive()]
    while left and time.monotonic() < deadline:
        time.sleep(0.05)  # nothing tells about the end of somebody else's child
        left = [process for process in left if process.alive()]
    return left


def next_run() -> Path:
    """Makes build/run/N with the next free N."""
    RUNS.mkdir(parents=True, exist_ok=True)
    number = max((int(entry.name) for entry in RUNS.iterdir() if entry.name.isdecimal()), default=0)
    while True:
        number += 1
        try:
            (RUNS / str(number)).mkdir()
            return RUNS / str(number)
        except FileExistsError:
            continue  # another run took it


def set_current(target: Path | None) -> None:
    """Points build/run/current at `target`; None removes it."""
    if CURRENT.exists() and not CURRENT.is_symlink():
        raise RunDirError(f"{CURRENT} is no link: move it away (scripts/run makes it one)")
    if target is None:
        CURRENT.unlink(missing_ok=True)
        return
    RUNS.mkdir(parents=True, exist_ok=True)
    link = RUNS / f".current.{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(target.name if target.parent == RUNS else target)
    link.replace(CURRENT)


@contextmanager
def as_current(run_dir: Path):
    """Makes `run_dir` the current one for a while, then gives the name back."""
    before = CURRENT.resolve() if CURRENT.is_symlink() and CURRENT.exists() else None
    set_current(run_dir)
    try:
        yield
    finally:
        if CURRENT.is_symlink() and CURRENT.resolve() == run_dir:
            set_current(before if before != run_dir else None)


def make(run_dir: Path) -> Path:
    """Makes it, unless it is there; returns where it really is."""
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunDirError(f"{run_dir} cannot be made: {error.strerror}") from None
    return run_dir.resolve()


def for_start(wanted: Path | None) -> Path:
    """The run directory of `up`: what was given, the current one, or a new one as current."""
    if wanted is None:
        if not CURRENT.exists():
            set_current(next_run())
        wanted = CURRENT
    return make(wanted)
