"""What the launcher needs of a configuration file; the executables check the rest of it."""

import os
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_CONFIG = ROOT / "scripts" / "pipeline.toml"
MAX_CONFIG_BYTES = 1 << 20
MAX_REPUBLISHERS = 64
DEFAULT_REPUBLISHERS = 2
STAGES = ("ingestor", "republisher", "reporter")


class ConfigError(Exception):
    """One line that names the file and the key."""


@dataclass(frozen=True)
class Target:
    name: str
    uri: str
    formats: tuple[str, ...]


@dataclass(frozen=True)
class Config:
    path: Path
    republishers: int                 # what `# republishers: N` at the file's head asks for
    http: dict[str, str]              # stage -> HOST:PORT, "" for none
    drain_timeout: dict[str, float]   # stage -> seconds
    sources: tuple[str, ...]
    exit_when_done: bool
    database: str                     # with a relative sqlite: path made absolute
    targets: tuple[Target, ...] = field(default=())

    @property
    def sqlite(self) -> Path | None:
        """The SQLite database, None if the reporter writes to something else."""
        kind, _, rest = self.database.partition(":")
        return Path(rest) if kind == "sqlite" else None

    @property
    def replays(self) -> bool:
        """Whether a source brings back what was deferred or failed."""
        return any(is_replay(source) for source in self.sources)

    @property
    def sites(self) -> list[Path]:
        """The folders of the directory: targets."""
        parts = [target.uri.partition(":") for target in self.targets]
        return [Path(rest) for kind, _, rest in parts if kind == "directory"]


def is_replay(source: str) -> bool:
    return re.match(r"(?:[^:=?/]+=)?replay:", source) is not None


def load(path: Path, run_dir: Path) -> Config:
    """Reads `path`; `${RUN_DIR}` in it means `run_dir`. Raises ConfigError."""
    path = path.absolute()
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_CONFIG_BYTES:
            raise ConfigError(f"{path}: larger than {MAX_CONFIG_BYTES} bytes")
        text = raw.decode()
        document = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    read = _Reader(path, document, {**os.environ, "RUN_DIR": str(run_dir)})
    http = {"ingestor": "127.0.0.1:9471", "republisher": "", "reporter": "127.0.0.1:9473"}
    return Config(
        path=path,
        republishers=_wanted_republishers(path, text),
        http={stage: read.value(stage, "http", http[stage], str) for stage in STAGES},
        drain_timeout={stage: read.value(stage, "drain_timeout", 30.0, float) for stage in STAGES},
        sources=(*read.strings("ingestor", "sources"), *read.source_tables()),
        exit_when_done=read.value("ingestor", "exit_when_done", False, bool),
        database=read.located(read.value("reporter", "database", "sqlite:reports.db", str)),
        targets=tuple(read.targets()),
    )


def _wanted_republishers(path: Path, text: str) -> int:
    """`# republishers: N` in the comment that opens the file: the file's own section belongs to
    the executables, which refuse keys that they don't know."""
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            break
        if match := re.fullmatch(r"#\s*republishers:\s*(\S+)\s*", line):
            if not match[1].isdecimal() or not 1 <= int(match[1]) <= MAX_REPUBLISHERS:
                raise ConfigError(f"{path}: '# republishers: {match[1]}': 1 to {MAX_REPUBLISHERS}")
            return int(match[1])
    return DEFAULT_REPUBLISHERS


class _Reader:
    """Values as the executables see them: the environment wins over the file."""

    def __init__(self, path: Path, document: dict, environment: dict[str, str]):
        self._path, self._document, self._environment = path, document, environment

    def value(self, section: str, key: str, default, kind: type):
        value = self._table(section).get(key, default)
        from_environment = self._environment.get("PULLWIRE_" + key.upper())
        if from_environment is not None:
            value = from_environment
            if kind is bool:
                return value.lower() in ("true", "1", "on", "yes")
        if kind is str and isinstance(value, str):
            return self._expand(section, key, value)
        if kind is float and not isinstance(value, bool):
            try:
                return float(value)
            except (TypeError, ValueError):
                pass  # told below, as every value of a wrong type
        elif kind is bool and isinstance(value, bool):
            return value
        raise ConfigError(f"{self._path}: {section}.{key}: {value!r} is no {kind.__name__}")

    def strings(self, section: str, key: str) -> list[str]:
        value = self._table(section).get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ConfigError(f"{self._path}: {section}.{key}: must be a list of strings")
        return [self._expand(section, key, item) for item in value]

    def source_tables(self) -> list[str]:
        """The URIs of [[ingestor.source]]; what is wrong with them the ingestor says."""
        tables = self._table("ingestor").get("source", [])
        return [table["uri"] for table in tables if isinstance(table, dict)
                and isinstance(table.get("uri"), str)] if isinstance(tables, list) else []

    def targets(self) -> list[Target]:
        tables = self._table("republisher").get("target", [])
        if not isinstance(tables, list):
            raise ConfigError(f"{self._path}: republisher.target: must be [[republisher.target]]")
        found = []
        for table in tables:
            try:
                uri = self._expand("republisher.target", "uri", table["uri"])
                default = ["html", "markdown", "text", "json", "pdf"]
                formats = tuple(table.get("formats", default))
                found.append(Target(table["name"], self.located(uri), formats))
            except (KeyError, TypeError, AttributeError) as error:
                raise ConfigError(f"{self._path}: republisher.target: {error}") from None
        return found

    def located(self, uri: str) -> str:
        """A relative path of the file is relative to the file."""
        kind, colon, rest = uri.partition(":")
        if kind in ("sqlite", "directory"):
            rest = os.path.normpath(self._path.parent / rest)
        return kind + colon + rest

    def _table(self, section: str) -> dict:
        table = self._document.get(section, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{self._path}: {section}: must be a section")
        return table

    def _expand(self, section: str, key: str, value: str) -> str:
        def named(match: re.Match) -> str:
            if match[1] not in self._environment:
                raise ConfigError(f"{self._path}: {section}.{key}: ${{{match[1]}}} is not set")
            return self._environment[match[1]]

        return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", named, value)
