"""The pipeline under fire: its configuration, its places, and who is in them."""

import random
import socket
from pathlib import Path

from chaos.network import Network
from chaos.stage import Stage

MAX_DEMAND = 100             # posts in flight on each link of a republisher
REPORTER_MAX_DEMAND = 1000  # publications in flight, all links together
MAX_SPAN = 2000             # small: after a kill of the ingestor so many posts, and a page, are
                            # flagged, and say nothing of who else forgets a flag
MAX_ATTEMPTS = 1000         # here it is never a post's fault that somebody died
TARGETS = ("nowhere",)
FORMATS = ("html", "text")  # few, for the same reason: more posts
PUBLICATIONS_PER_POST = len(TARGETS) * len(FORMATS)
LEAST_REPUBLISHERS, MOST_REPUBLISHERS = 2, 8
FIRST_REPUBLISHERS = 4
DRAIN_S = 60
# Routes of the republishers, in turn. Those of the first places stay, so that there is always
# something to cut; the others come and go.
ROUTES = ("proxied", "elsewhere", "direct", "direct", "proxied", "elsewhere", "direct", "direct")

CONFIG = """\
[ingestor]
bind = "tcp://127.0.0.1:{posts}"
sources = ["{source}"]
state = "ingestor.db"
max_span = {max_span}
max_attempts = {max_attempts}
drain_timeout = {drain}
http = "127.0.0.1:{ingestor_http}"

[republisher]
max_demand = {max_demand}
min_demand = {min_demand}
drain_timeout = {drain}

{targets}
[reporter]
bind = "tcp://127.0.0.1:{publications}"
database = "sqlite:reports.db"
max_demand = {reporter_max_demand}
drain_timeout = {drain}
http = "127.0.0.1:{reporter_http}"
"""
TARGET = """\
[[republisher.target]]
name = "{name}"
uri = "null:?cost_ms={cost_ms}"
formats = [{formats}]
"""


def free_ports(count: int) -> list[int]:
    """Below the ephemeral range, so that no outgoing connection takes one."""
    found: list[int] = []
    while len(found) < count:
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


class Pipeline:
    def __init__(self, run_dir: Path, executables: Path, source_uri: str, cost_ms: float,
                 network: Network, on_end):
        self.network = network
        self._run_dir, self._executables, self._on_end = run_dir, executables, on_end
        (run_dir / "log").mkdir()
        self._config = run_dir / "chaos.toml"
        posts, publications, http, report, *self._http = free_ports(4 + MOST_REPUBLISHERS)
        self.ports = {"posts": posts, "publications": publications}
        formats = ", ".join(f'"{form}"' for form in FORMATS)
        self._config.write_text(CONFIG.format(
            posts=posts, publications=publications, source=source_uri, max_span=MAX_SPAN,
            max_attempts=MAX_ATTEMPTS, drain=DRAIN_S, max_demand=MAX_DEMAND,
            min_demand=MAX_DEMAND // 2, reporter_max_demand=REPORTER_MAX_DEMAND,
            ingestor_http=http, reporter_http=report,
            targets="\n".join(TARGET.format(name=name, cost_ms=cost_ms, formats=formats)
                              for name in TARGETS)))
        self.ingestor = self._place("ingestor", "ingestor", http)
        self.reporter = self._place("reporter", "reporter", report)
        self.republishers: list[Stage] = []
        self._departed: list[Stage] = []

    def _place(self, name: str, kind: str, http: int, route: str = "direct", *flags: str) -> Stage:
        namespace = self.network.namespace(route) if kind == "republisher" else None
        front = self.network.front(route) if kind == "republisher" else []
        command = [*front, str(self._executables / kind), "--config", str(self._config),
                   "--log-format", "json", *flags]
        return Stage(name, kind, command, self._run_dir / "log" / f"{name}.log", http, route,
                     namespace, self._on_end)

    @property
    def stages(self) -> list[Stage]:
        return [self.ingestor, *self.republishers, self.reporter]

    @property
    def ever(self) -> list[Stage]:
        return [*self.stages, *self._departed]

    def of_kind(self, kind: str) -> list[Stage]:
        return [stage for stage in self.stages if stage.kind == kind]

    async def start(self) -> None:
        await self.reporter.start()
        for _ in range(FIRST_REPUBLISHERS):
            await self.add().start()
        await self.ingestor.start()

    def add(self) -> Stage:
        """A republisher in the first free place."""
        number = next(n for n in range(1, MOST_REPUBLISHERS + 1)
                      if all(stage.name != f"republisher-{n}" for stage in self.republishers))
        name = f"republisher-{number}"
        for stage in self._departed:
            if stage.name == name:
                self._departed.remove(stage)
                self.republishers.append(stage)
                return stage
        route = ROUTES[number - 1]
        if route not in self.network.routes:
            route = "direct"
        http = self._http[number - 1]
        endpoints = self.network.endpoints(route)
        stage = self._place(name, "republisher", http, route,
                            "--http", f"127.0.0.1:{http}", "--upstream", endpoints["posts"],
                            "--downstream", endpoints["publications"])
        self.republishers.append(stage)
        return stage

    def remove(self, stage: Stage) -> None:
        self.republishers.remove(stage)
        self._departed.append(stage)

    def removable(self) -> list[Stage]:
        """Who may leave: not the last ones that faults of the network can meet."""
        if len(self.republishers) <= LEAST_REPUBLISHERS:
            return []
        return [stage for stage in self.republishers if int(stage.name.rpartition("-")[2])
                > LEAST_REPUBLISHERS]

    def on_route(self, *routes: str) -> list[Stage]:
        return [stage for stage in self.republishers if stage.route in routes]

    async def kill_all(self) -> None:
        for stage in self.ever:
            if stage.pid is not None:
                await stage.kill()
