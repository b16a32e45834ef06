"""relay: events through three processes, with end-to-end settlement, against bare PUSH/PULL."""

import re
import time
import urllib.request

from bench.stages import BIN, PATIENCE_S, Failed, Stages, free_port

WARM_UP_S = 1.0
WINDOWS = (1, 10, 100, 1000, 10000)


def link(max_demand: int, transport: str = "tcp", relays: int = 1, rate: float = 0,
         seconds: float = 3.0) -> dict:
    """Roles of the benchmark's own on this project's links."""
    with Stages() as stages:
        up, down = stages.endpoint(transport, "up"), stages.endpoint(transport, "down")
        program = BIN / "bench_link"
        stages.start("sink", program, "sink", "--downstream", down, "--max-demand", max_demand,
                     "--warm-up", WARM_UP_S, "--window", seconds)
        for i in range(relays):
            stages.start(f"relay {i + 1}", program, "relay", "--upstream", up, "--downstream", down,
                         "--max-demand", max_demand)
        stages.start("source", program, "source", "--upstream", up, "--rate", rate)
        return stages.window("sink", seconds)


def raw(batch: int, transport: str = "tcp", rate: float = 0, seconds: float = 3.0) -> dict:
    """PUSH/PULL without credit or acknowledgements; `batch` events a message."""
    with Stages() as stages:
        up, down = stages.endpoint(transport, "up"), stages.endpoint(transport, "down")
        program = BIN / "bench_raw"
        stages.start("sink", program, "sink", "--downstream", down, "--warm-up", WARM_UP_S,
                     "--window", seconds)
        stages.start("relay", program, "relay", "--upstream", up, "--downstream", down)
        stages.start("source", program, "source", "--upstream", up, "--batch", batch,
                     "--rate", rate)
        return stages.window("sink", seconds)


CONFIG = """
[ingestor]
bind = "{up}"
sources = ["{source}"]
state = "ingestor.db"
http = ""

[republisher]
upstream = ["{up}"]
downstream = ["{down}"]
max_demand = {max_demand}
min_demand = {min_demand}
concurrency = {concurrency}

[[republisher.target]]
name = "target"
uri = "{target}"
formats = {formats}

[reporter]
bind = "{down}"
database = "{database}"
max_demand = {max_demand}
http = "127.0.0.1:{http}"
"""
TEXT_BYTES = 280
CONCURRENCY = 1000


def executables(max_demand: int, transport: str = "tcp", relays: int = 1, seconds: float = 3.0,
                database: str = "none:") -> dict:
    """The real three: real posts, rendered as text, and publication records."""
    with Stages() as stages:
        http = free_port()
        config = stages.folder / "pipeline.toml"
        config.write_text(CONFIG.format(
            up=stages.endpoint(transport, "up"), down=stages.endpoint(transport, "down"),
            source=f"simulated:?bytes={TEXT_BYTES}", target="null:", formats='["text"]',
            max_demand=max_demand, min_demand=max_demand // 2, concurrency=CONCURRENCY,
            database=database, http=http))
        for name in ("reporter", *(f"republisher {i + 1}" for i in range(relays)), "ingestor"):
            stages.start(name, BIN / name.split()[0], "--config", config)
        recorded = Counter(stages, http, "pullwire_publications_total")
        recorded.wait_for_first()
        time.sleep(WARM_UP_S)
        return recorded.window(seconds)


class Counter:
    """A counter of a process's metrics, read over a window of time."""

    def __init__(self, stages: Stages, port: int, name: str):
        self._stages, self._url = stages, f"http://127.0.0.1:{port}/metrics"
        self._line = re.compile(rf"^{name}(?:{{[^}}]*}})? (\S+)$", re.MULTILINE)

    def _read(self) -> float:
        with urllib.request.urlopen(self._url, timeout=5) as answer:
            text = answer.read().decode()
        return sum(float(value) for value in self._line.findall(text))

    def wait_for_first(self) -> None:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            self._stages.check_alive()
            try:
                if self._read() > 0:
                    return
            except OSError:
                pass  # not listening yet: `check_alive` sees whether it ever will
            time.sleep(0.05)
        raise Failed(f"nothing was counted within {PATIENCE_S:.0f} s")

    def window(self, seconds: float) -> dict:
        before, cpu, begin = self._read(), self._stages.cpu_seconds(), time.monotonic()
        time.sleep(seconds)
        events, cpu, took = (self._read() - before, self._stages.cpu_seconds() - cpu,
                             time.monotonic() - begin)
        if events <= 0:
            raise Failed(f"nothing was counted in {took:.1f} s")
        return {"events": events, "seconds": took, "events_per_s": events / took,
                "cpu_s_per_million": 1e6 * cpu / events, "memory_bytes": self._stages.memory()}
