"""HAProxy as a fault injector in front of targets over HTTP."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from live.processes import Server, free_port

HAPROXY = """\
global
  log stdout format raw local0
  nbthread 1
defaults
  mode http
  log global
  log-format "%[date(0,us)] %tr %ft %ST %HM %HU %ts"
  timeout connect 5s
  timeout client 120s
  timeout server 120s
  option http-keep-alive
"""
FRONTEND = """\
frontend {name}
  bind 127.0.0.1:{port}
  http-request return status 429 hdr Retry-After {retry_after} if {{ rand(1000) lt {throttled} }}
  http-request return status 503 if {{ rand(1000) lt {down} }}
  default_backend {backend}
"""
# Both when the server has answered: its work is done. The first cuts, the second hangs.
BACKEND = """\
backend {name}
  balance leastconn
  tcp-response content reject if {{ rand(1000) lt {cut} }}
  http-response silent-drop if {{ rand(1000) lt {hung} }}
{servers}
"""
CLOCK_S = 0.002   # HAProxy tells the begin in whole milliseconds
LINE = re.compile(r"(\d+) (\S+) (\S+) (-?\d+) (\S+) (\S+) (\S+)")


@dataclass(frozen=True)
class Faults:
    """Of 1,000 requests, what becomes of so many."""

    throttled: int = 200   # 429 with Retry-After
    retry_after: int = 1   # s
    down: int = 100        # 503, of those that are not throttled
    cut: int = 30          # of those passed on: the answer is lost, the connection ends
    hung: int = 20         # of those passed on: the answer is lost, and no end is seen


@dataclass(frozen=True)
class Passed:
    """A request that has ended. `begun` and `ended` in seconds, by the wall clock."""

    begun: float
    ended: float
    frontend: str
    status: int   # -1, 0: none was sent
    method: str
    path: str
    end: str      # HAProxy's two letters

    @property
    def lost(self) -> bool:
        """Carried out, and the client did not hear of it."""
        return self.end.startswith("P")


class HaProxy:
    """`frontends`: name -> ports of the server behind it; `ports` has theirs, by name."""

    def __init__(self, folder: Path, frontends: dict[str, Iterable[int]], faults: Faults):
        self.ports = {name: free_port() for name in frontends}
        self._log = folder / "haproxy.log"
        lines = [HAPROXY]
        for name, servers in frontends.items():
            backend = f"{name}-servers"
            lines += [FRONTEND.format(name=name, port=self.ports[name], backend=backend,
                                      **vars(faults)),
                      BACKEND.format(name=backend, **vars(faults), servers="\n".join(
                          f"  server {name}-{port} 127.0.0.1:{port}" for port in servers))]
        config = folder / "haproxy.cfg"
        config.write_text("\n".join(lines))
        self._server = Server("haproxy", ["/usr/sbin/haproxy", "-f", str(config)], self._log,
                              next(iter(self.ports.values()))).ready()

    def host(self, name: str) -> str:
        return f"127.0.0.1:{self.ports[name]}"

    def passed(self) -> list[Passed]:
        """All requests that have ended, in the order of their ends."""
        found = []
        for line in self._log.read_text(errors="replace").splitlines():
            if match := LINE.fullmatch(line):
                ended, begun, frontend, status, method, path, end = match.groups()
                found.append(Passed(
                    datetime.strptime(begun, "%d/%b/%Y:%H:%M:%S.%f").timestamp(),
                    int(ended) / 1e6, frontend, int(status), method, path, end))
        return found

    def stop(self) -> None:
        self._server.stop()


def too_soon(passed: list[Passed], retry_after: float, in_flight: float,
             restarts: dict[str, list[float]]) -> list[Passed]:
    """Requests through a frontend that came later than `in_flight` after a 429 through it, and
    before its Retry-After had passed. `restarts`, by frontend: a process knows only what it was
    told itself."""
    found = []
    throttled: dict[str, list[float]] = {}
    for one in passed:
        if one.status == 429:
            throttled.setdefault(one.frontend, []).append(one.ended)
    for one in passed:
        since = max((at for at in restarts.get(one.frontend, ()) if at <= one.begun), default=0)
        if any(at > since and in_flight < one.begun - at < retry_after - CLOCK_S
               for at in throttled.get(one.frontend, ())):
            found.append(one)
    return found
