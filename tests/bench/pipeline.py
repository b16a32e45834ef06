"""The real three executables on one configuration: joined by more republishers, watched from
outside while they run."""

import json
import re
import time
import urllib.request

from bench.relay import CONCURRENCY, CONFIG, Counter
from bench.stages import BIN, PATIENCE_S, Failed, Stages, free_port

SAMPLE = re.compile(r"^(\w+)(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


def scrape(port: int) -> dict[str, float]:
    """A process's metrics by their names, each summed over its labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    sums = {}
    for name, value in SAMPLE.findall(text):
        sums[name] = sums.get(name, 0.0) + float(value)
    return sums


class Pipeline:
    """Begins as a reporter; `scale` adds republishers, the first time an ingestor after them, so
    that a source with a rate is not behind with its posts when all are there."""

    def __init__(self, stages: Stages, source: str, *, max_demand: int, target: str = "null:",
                 formats=("text",), database: str = "none:", cost_ms: float = 0):
        self.stages, self.republishers = stages, 0
        self._ports = {"reporter": free_port(), "ingestor": free_port()}
        self._config = stages.folder / "pipeline.toml"
        self._config.write_text(CONFIG.format(
            up=stages.endpoint("tcp", "up"), down=stages.endpoint("tcp", "down"), source=source,
            target=target, formats=json.dumps(formats), max_demand=max_demand,
            min_demand=max_demand // 2, concurrency=CONCURRENCY, database=database,
            http=self._ports["reporter"]))
        self._start("reporter", "--cost-ms", cost_ms)
        self.recorded = Counter(stages, self._ports["reporter"], "pullwire_publications_total")

    def _start(self, name: str, *flags) -> None:
        self.stages.start(name, BIN / name.split()[0], "--config", self._config, *flags)

    def scale(self, republishers: int) -> None:
        """Starts as many as are missing; returns when all have both of their sessions."""
        while self.republishers < republishers:
            self.republishers += 1
            self._start(f"republisher {self.republishers}")
        if "ingestor" not in self.stages.processes:
            self._start("ingestor", "--http", f"127.0.0.1:{self._ports['ingestor']}")
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            self.stages.check_alive()
            try:
                if all(scrape(port).get("pullwire_sessions") == republishers
                       for port in self._ports.values()):
                    return
            except OSError:
                pass  # not listening yet: `check_alive` sees whether it ever will
            time.sleep(0.05)
        raise Failed(f"{republishers} republishers had no sessions within {PATIENCE_S:.0f} s")

    def metrics(self, stage: str) -> dict[str, float]:
        """Of the reporter or the ingestor."""
        return scrape(self._ports[stage])
