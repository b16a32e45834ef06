"""Servers as children: started on loopback, awaited, stopped by their process id.

Each is killed by the kernel when the thread that started it ends (PR_SET_PDEATHSIG), so that a
test that dies leaves nothing: start them in the main thread.
"""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from chaos.pipeline import free_ports
from supervisor.child import bound, describe

START_S = 60.0
STOP_S = 20.0


def free_port() -> int:
    return free_ports(1)[0]


def as_user(name: str, command: list[str]) -> list[str]:
    """`command` as another user where we are root, for servers that refuse to run as root."""
    if os.getuid() != 0:
        return command
    return ["setpriv", "--reuid", name, "--regid", name, "--clear-groups", "--", *command]


def until(condition, seconds: float, what: str):
    """Polls until `condition()` is true, and returns that; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.02)
    return result


class Server:
    """One server process. `end`: the signal that stops it and whatever it has started."""

    def __init__(self, name: str, command: list[str], log: Path, port: int = 0,
                 end: str = "KILL", user: str = "", environment: dict[str, str] | None = None,
                 folder: Path | None = None):
        self.name, self.port, self._log, self._end = name, port, log, end
        command = bound(end, command)
        if user:  # outermost: a change of user makes the kernel forget whom to signal
            command = as_user(user, command)
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder,
                env={**os.environ, **(environment or {})}, start_new_session=True)

    def ready(self) -> "Server":
        """Waits for its port."""
        until(self._listens, START_S, f"{self.name} listens at {self.port}")
        return self

    def _listens(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name}: {describe(self.process.returncode)}: "
                                 f"{self._log.read_text(errors='replace')[-2000:]}")
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(getattr(signal, f"SIG{self._end}"))
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"{self.name} has not ended within {STOP_S:.0f} s") from None
