"""The real ingestor, republishers and reporter between live sources and targets."""

import json
import os
import re
import sqlite3
import subprocess
import urllib.request
from pathlib import Path

from chaos.pipeline import free_ports
from live.processes import Server, until

ROOT = Path(__file__).resolve().parents[2]
EXECUTABLES = Path(os.environ.get("PIPELINE_BIN", ROOT / "build/release/bin"))
METRIC = re.compile(r'^pullwire_(\w+?)(?:\{([^}]*)\})? (\S+)$', re.MULTILINE)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
EXIT_S = 40.0


def toml(value) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)  # of a string, a number or a bool: also TOML


class Pipeline:
    """`sources`, `targets`: tables of options; without `targets` there is one, `null:`.
    `republishers`: the targets of each, where there are several: stages "republisher-1" and so
    on. `options`: more keys of [ingestor]. `cost_ms`: what a post costs the republisher, which
    holds `max_demand` of them. Runs in `folder`."""

    def __init__(self, folder: Path, sources: list[dict], hashtags: list[str],
                 level: str = "info", environment: dict[str, str] | None = None,
                 cost_ms: float = 0, max_demand: int = 100, targets: list[dict] | None = None,
                 republishers: list[list[dict]] | None = None, **options):
        self.folder, self.level = folder, level
        self.cost_ms, self.max_demand = cost_ms, max_demand
        self.environment = environment or {}
        targets = targets or [{"name": "nowhere", "uri": f"null:?cost_ms={cost_ms}",
                               "formats": ["text"]}]
        self.targets = {"republisher": targets} if republishers is None else {
            f"republisher-{number}": each for number, each in enumerate(republishers, 1)}
        self.stages = ("ingestor", *self.targets, "reporter")
        self.posts_port, self.publications_port, self.http, self.report = free_ports(4)
        self.config = folder / "live.toml"
        self.options = {
            "bind": f"tcp://127.0.0.1:{self.posts_port}", "hashtags": hashtags,
            "state": "ingestor.db", "http": f"127.0.0.1:{self.http}", **options}
        self.configure(sources)
        self._running: dict[str, Server] = {}
        self.peak_kib = 0                # resident, of all ingestors so far

    def configure(self, sources: list[dict]) -> None:
        lines = ["[ingestor]"] + [f"{key} = {toml(value)}" for key, value in self.options.items()]
        for source in sources:
            lines += ["[[ingestor.source]]"]
            lines += [f"{key} = {toml(value)}" for key, value in source.items()]
        lines += [f"""
[reporter]
bind = "tcp://127.0.0.1:{self.publications_port}"
database = "sqlite:reports.db"
http = "127.0.0.1:{self.report}"
"""]
        for stage, targets in self.targets.items():
            section = self._republisher(targets)
            if stage == "republisher":
                lines += [section]
            else:
                self._write(self._config(stage), section)
        self._write(self.config, "\n".join(lines))

    def _republisher(self, targets: list[dict]) -> str:
        tables = "\n".join("[[republisher.target]]\n" + "\n".join(
            f"{key} = {toml(value)}" for key, value in target.items()) for target in targets)
        return f"""
[republisher]
upstream = ["tcp://127.0.0.1:{self.posts_port}"]
downstream = ["tcp://127.0.0.1:{self.publications_port}"]
max_demand = {self.max_demand}
min_demand = {self.max_demand // 2}
{tables}
"""

    def _config(self, stage: str) -> Path:
        own = stage in self.targets and stage != "republisher"
        return self.folder / f"{stage}.toml" if own else self.config

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.write_text(text)

    def command(self, stage: str, *flags: str) -> list[str]:
        """A stage may be one of several: republisher-2."""
        return [str(EXECUTABLES / stage.partition("-")[0]), "--config", str(self._config(stage)),
                *flags]

    def log(self, stage: str) -> Path:
        return self.folder / f"{stage}.log"

    # -- its life -----------------------------------------------------------------------------

    def start(self, *stages: str) -> None:
        """Returns when they listen at their `http`, where they have one."""
        ports = {"ingestor": self.http, "reporter": self.report}
        for stage in stages or self.stages:
            server = Server(stage, self.command(stage, "--log-level", self.level), self.log(stage),
                            ports.get(stage, 0), end="TERM", environment=self.environment,
                            folder=self.folder)
            self._running[stage] = server
            if server.port:
                server.ready()

    def pid(self, stage: str) -> int:
        return self._running[stage].process.pid

    def alive(self, stage: str) -> bool:
        return stage in self._running and self._running[stage].process.poll() is None

    def kill(self, stage: str) -> None:
        """SIGKILL. It must have lived until then."""
        self.note_memory()
        process = self._running.pop(stage).process
        assert process.poll() is None, self._ended(stage, process)
        process.kill()
        process.wait()

    def stop(self, *stages: str) -> None:
        """Drains one after another; each must end well."""
        self.note_memory()
        for stage in stages or self.stages:
            if server := self._running.pop(stage, None):
                if server.process.poll() is None:
                    server.process.terminate()
                try:
                    server.process.wait(EXIT_S)
                except subprocess.TimeoutExpired:
                    server.process.kill()
                    server.process.wait()
                    raise AssertionError(f"{stage} has not ended within {EXIT_S:.0f} s") from None
                assert server.process.returncode == 0, self._ended(stage, server.process)

    def abandon(self) -> None:
        """Kills what is left, after a test that failed."""
        for server in self._running.values():
            server.process.kill()
            server.process.wait()
        self._running.clear()

    def _ended(self, stage: str, process: subprocess.Popen) -> str:
        return f"{stage} ended with {process.returncode}: {self.said(stage)[-2000:]}"

    # -- what it tells ------------------------------------------------------------------------

    def said(self, stage: str) -> str:
        return self.log(stage).read_text(errors="replace") if self.log(stage).exists() else ""

    def note_memory(self) -> None:
        if self.alive("ingestor"):
            status = Path(f"/proc/{self.pid('ingestor')}/status").read_text()
            if found := re.search(r"VmHWM:\s+(\d+) kB", status):
                self.peak_kib = max(self.peak_kib, int(found[1]))

    def page(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=5) as answer:
            return answer.read().decode()

    def metric(self, name: str, **labels: str) -> float:
        """The sum over all that have these labels, of the ingestor."""
        total = 0.0
        for found, given, value in METRIC.findall(self.page("/metrics")):
            if found == name and labels.items() <= dict(LABEL.findall(given)).items():
                total += float(value)
        return total

    def posts(self, columns: str = "post_id") -> list:
        """Of the database, in the order of their ids."""
        path = self.folder / "reports.db"
        if not path.exists():
            return []
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        try:
            rows = database.execute(f"SELECT {columns} FROM posts ORDER BY post_id").fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []  # the reporter has just begun
            raise
        finally:
            database.close()
        return [row[0] if len(row) == 1 else row for row in rows]

    def publications(self, columns: str = "post_id, status", end: str = "") -> list[tuple]:
        """One for each publication, unless `end` of the statement groups them."""
        database = sqlite3.connect(f"file:{self.folder / 'reports.db'}?mode=ro", uri=True,
                                   timeout=10)
        try:
            return database.execute(f"SELECT {columns} FROM publications {end}").fetchall()
        finally:
            database.close()

    def until_posts(self, count: int, seconds: float) -> None:
        def there():
            assert all(self.alive(stage) for stage in self._running), "a stage has ended: " + \
                "".join(self.said(stage)[-1000:] for stage in self.stages)
            return len(self.posts()) >= count
        try:
            until(there, seconds, "")
        except AssertionError as error:
            raise AssertionError(f"{error}: {len(self.posts())} of {count} posts; ingestor: "
                                 f"{self.said('ingestor')[-3000:]}") from None
