"""One place of the pipeline, with one process after another in it; and what they tell."""

import asyncio
import os
import re
import signal
import subprocess
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from chaos import namespaces
from supervisor import rundir
from supervisor.child import bound, describe

HTTP_S = 1.0
SAMPLES = 40
METRIC = re.compile(rb'^pullwire_(\w+?)(?:\{([^}]*)\})? (\S+)$', re.MULTILINE)
LABEL = re.compile(rb'(link|outcome|redelivered)="([^"]*)"')
WANTED = {b"in_flight", b"credit", b"sessions", b"events_settled_total", b"source_posts_total",
          b"events_redelivered_total", b"publications_repeated_total",
          b"publications_total"}


class Silent(Exception):
    """A process that does not answer: it is starting, stopped, cut off or dead."""


@dataclass
class Sample:
    """Metrics of one process at one time, by name and those labels that matter here."""

    time: float      # when it was asked
    answered: float
    values: dict[str, float] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        return self.values.get(name, 0.0)


def parse(text: bytes, asked: float, answered: float) -> Sample:
    sample = Sample(asked, answered)
    for name, labels, value in METRIC.findall(text):
        if name not in WANTED:
            continue
        wanted = sorted(LABEL.findall(labels))
        key = " ".join([name.decode(), *(value.decode() for _, value in wanted)])
        sample.values[key] = sample.values.get(key, 0.0) + float(value)
    return sample


class Stage:
    def __init__(self, name: str, kind: str, command: list[str], log: Path, http: int,
                 route: str, namespace: int | None, on_end):
        self.name, self.kind, self.route, self.log = name, kind, route, log
        self.command, self.http, self.namespace = command, http, namespace
        self.pid: int | None = None
        self.started = 0.0           # when the present process began
        self.incarnations = 0
        self.stopped = False         # by SIGSTOP
        self.busy = False            # a fault is being done to it
        self.leaving = False         # its end is wanted
        self.peak_bytes = 0          # of all its processes
        self.samples: deque[Sample] = deque(maxlen=SAMPLES)
        self._process: asyncio.subprocess.Process | None = None
        self._on_end = on_end
        self._watch: asyncio.Task | None = None

    @property
    def links(self) -> list[str]:
        return {"ingestor": ["posts"], "republisher": ["posts", "publications"],
                "reporter": ["publications"]}[self.kind]

    @property
    def works(self) -> bool:
        return self.pid is not None and not self.stopped

    @property
    def answered(self) -> bool:
        """The present process has."""
        return bool(self.samples)

    # -- its life -----------------------------------------------------------------------------

    async def start(self, *flags: str) -> None:
        self.leaving = False
        self.samples.clear()
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *bound("KILL", [*self.command, *flags]),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pid = self._process.pid
        self.started = time.monotonic()
        self.incarnations += 1
        self._watch = asyncio.create_task(self._wait())

    async def _wait(self) -> int:
        code = await self._process.wait()
        self.pid, self.stopped = None, False
        if not self.leaving:
            self._on_end(self, code)
        return code

    def signal(self, number: int) -> None:
        if self.pid is None:
            return
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass  # it has just ended: told by _wait

    async def kill(self) -> None:
        if self.pid is None:
            return
        self.leaving = True
        self.note_memory()
        self.signal(signal.SIGKILL)
        code = await self._watch
        if code != -signal.SIGKILL:
            self._on_end(self, code)  # it was quicker

    async def drain(self, seconds: float) -> str:
        """SIGTERM; "" if it ended well in time, else what it did."""
        if self.pid is None:
            return ""
        self.leaving = True
        self.note_memory()
        self.signal(signal.SIGTERM)
        return await self.ended(seconds)

    async def ended(self, seconds: float) -> str:
        done, _ = await asyncio.wait({self._watch}, timeout=seconds)
        if not done:
            return f"{self.name} has not ended within {seconds:.0f} s"
        code = self._watch.result()
        return "" if code == 0 else f"{self.name}: {describe(code)}: {self.last_line()}"

    def last_line(self) -> str:
        with self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 4096))
            lines = log.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:500] if lines else "no word"

    def stop(self) -> None:
        self.stopped = True
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)
        self.stopped = False

    # -- what it tells ------------------------------------------------------------------------

    def note_memory(self) -> None:
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return
        if found := re.search(r"VmHWM:\s+(\d+) kB", status):
            self.peak_bytes = max(self.peak_bytes, int(found[1]) * 1024)

    def descriptors(self) -> int:
        """Open ones; 0 if there is no process."""
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except (FileNotFoundError, ProcessLookupError):
            return 0

    def waited_for_processor(self) -> float:
        """Seconds for which its loop and its worker were ready and did not run."""
        return sum(int(words.split()[1]) for words in self._of_threads("schedstat")) / 1e9

    def waits_for_disk(self) -> bool:
        return any(words.rpartition(")")[2].split()[0] == "D" for words in self._of_threads("stat"))

    def _of_threads(self, file: str) -> list[str]:
        told = []
        for path in Path(f"/proc/{self.pid}/task").glob(f"*/{file}"):
            try:
                if not path.with_name("comm").read_text().startswith("ZMQbg"):  # libzmq's own
                    told.append(path.read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has just ended
        return told

    async def get(self, path: str) -> bytes:
        """The body of one of its pages. Raises Silent."""
        connection = namespaces.socket_in(self.namespace)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(HTTP_S):
                await loop.sock_connect(connection, ("127.0.0.1", self.http))
                await loop.sock_sendall(
                    connection, f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
                answer = bytearray()
                while chunk := await loop.sock_recv(connection, 1 << 18):
                    answer += chunk
        except (OSError, TimeoutError) as error:
            raise Silent(f"{self.name}: {error or 'no answer'}") from None
        finally:
            connection.close()
        return bytes(answer).partition(b"\r\n\r\n")[2]

    async def sample(self) -> Sample:
        """Raises Silent."""
        pid = self.pid
        asked = time.monotonic()
        body = await self.get("/metrics")
        if pid is None or self.pid != pid or not body:
            raise Silent(f"{self.name}: another process by now")
        sample = parse(body, asked, time.monotonic())
        if not self.samples or self.samples[-1].time <= asked:
            self.samples.append(sample)
        return sample

    def settled(self, sample: Sample) -> float:
        return sample[f"events_settled_total {self.links[0]} accepted"]

    def identity(self) -> rundir.Identity | None:
        return rundir.Identity(self.name, self.pid, rundir.start_time(self.pid) or 0
                               ) if self.pid else None
