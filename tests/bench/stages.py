"""The processes of one relay: started, measured over one window, stopped."""

import contextlib
import json
import os
import random
import select
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from bench import machine

BIN = Path(os.environ.get("PIPELINE_BIN")
           or Path(__file__).resolve().parents[2] / "build/release/bin")
PATIENCE_S = 30.0


class Failed(Exception):
    """A benchmark could not be done: why."""


_given: set[int] = set()


def free_port() -> int:
    """Never the same twice, and below the ephemeral range: there a peer could connect to itself."""
    while True:
        port = random.randrange(20000, 32000)
        if port in _given:
            continue
        _given.add(port)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Stages:
    """A context: what it started is gone when it ends, and when its process is killed."""

    def __init__(self):
        self.processes: dict[str, subprocess.Popen] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="pullwire-bench-")
        self.folder = Path(self._folder.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()
        self._folder.cleanup()

    def endpoint(self, transport: str, name: str) -> str:
        return f"ipc://{self.folder}/{name}" if transport == "ipc" \
            else f"tcp://127.0.0.1:{free_port()}"

    def start(self, name: str, *command, **options) -> subprocess.Popen:
        log = self.folder / f"{name}.log"
        with log.open("wb") as errors:
            self.processes[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *(str(word) for word in command)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors, **options)
        return self.processes[name]

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def check_alive(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is not None:
                log = (self.folder / f"{name}.log").read_text(errors="replace").strip()
                raise Failed(f"{name} has ended with {process.returncode}: {log[-500:]}")

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self.processes.values()]

    def cpu_seconds(self) -> float:
        return machine.cpu_seconds(self.pids)

    def memory(self) -> dict[str, int]:
        return {name: machine.resident_bytes(process.pid)
                for name, process in self.processes.items()}

    def line(self, name: str, begins: str, within: float = PATIENCE_S) -> str:
        """The rest of the next line of a process that begins so."""
        stream = self.processes[name].stdout
        until = time.monotonic() + within
        while (left := until - time.monotonic()) > 0:
            if not select.select([stream], [], [], min(left, 1.0))[0]:
                self.check_alive()
                continue
            line = stream.readline().decode()
            if line.startswith(begins):
                return line.removeprefix(begins)
            if not line:
                self.check_alive()
                time.sleep(0.01)
        raise Failed(f"{name} has not said '{begins}' within {within:.0f} s")

    def window(self, sink: str, seconds: float) -> dict:
        """What the sink counted, and what it cost, between its `begin` and its `end`."""
        self.line(sink, "begin")
        cpu = self.cpu_seconds()
        end = json.loads(self.line(sink, "end ", seconds + PATIENCE_S))
        cpu = self.cpu_seconds() - cpu
        rate = end["events"] / end["seconds"]
        return {**end, "events_per_s": rate, "cpu_s_per_million": 1e6 * cpu / end["events"],
                "memory_bytes": self.memory()}
