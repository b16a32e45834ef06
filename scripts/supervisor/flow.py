"""What flows through the pipeline: the reporter's /api/status, and totals that outlive restarts."""

import http.client
import json
from dataclasses import dataclass, field

TIMEOUT_S = 2.0
MAX_BODY_BYTES = 4 << 20


class FlowError(Exception):
    """One line that says why there are no rates."""


def _get(address: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(address, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read(MAX_BODY_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        raise FlowError(f"http://{address}{path}: {error or type(error).__name__}") from None
    finally:
        connection.close()
    if len(body) > MAX_BODY_BYTES:
        raise FlowError(f"http://{address}{path}: more than {MAX_BODY_BYTES} bytes")
    return response.status, body


def fetch(address: str) -> dict:
    """The reporter's status. Raises FlowError; `address` "" is a reporter without http."""
    if not address:
        raise FlowError("rates need the reporter's http address (http = \"\" in [reporter])")
    status, body = _get(address, "/api/status")
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if status != 200 or not isinstance(document, dict):
        raise FlowError(f"http://{address}/api/status: answered {status}, no status")
    return document


def unready_reason(address: str) -> str:
    """Why /readyz says no, in its own words."""
    try:
        status, body = _get(address, "/readyz")
    except FlowError as error:
        return str(error)
    return "" if status == 200 else body.decode(errors="replace").strip()[:300]


@dataclass
class Total:
    """A counter added up over the lifetimes of the processes that count it."""

    earlier: int = 0
    current: int = 0

    def update(self, value: int) -> None:
        if value < self.current:  # a new process counts from 0
            self.earlier += self.current
        self.current = value

    @property
    def value(self) -> int:
        return self.earlier + self.current


@dataclass
class Progress:
    """Totals of one run; fed with what the reporter says, in the order it says it."""

    totals: dict[str, Total] = field(default_factory=dict)
    per_second: float = 0.0
    limiting: str = "unknown"
    seen: bool = False

    def update(self, status: dict) -> None:
        self.seen = True
        self.limiting = str(status.get("limiting", "unknown"))
        stages = status.get("stages") or []
        if any(stage.get("stage") == "ingestor" for stage in stages):  # else nobody counts posts
            self._count(status.get("posts") or {}, ("read", "settled", "filtered", "skipped"))
        publications = status.get("publications") or {}
        self._count(publications, ("published", "failed", "deferred"))
        self._count(status, ("redelivered",))
        self.per_second = float(publications.get("per_second") or 0)

    def _count(self, values: dict, names: tuple[str, ...]) -> None:
        for name in names:
            value = values.get(name)
            if isinstance(value, int):
                self.totals.setdefault(name, Total()).update(value)

    def __getitem__(self, name: str) -> int:
        total = self.totals.get(name)
        return total.value if total else 0
