"""An HTTP/1.1 server on raw streams, in a thread of its own, that keeps what it is told.

A site (x.X, mastodon.Mastodon, …) answers each request; what it does not allow is a violation,
which fails the test. `faults` says for each request how its answer is spoilt, if at all. The
other attributes may be read from any thread.
"""

import asyncio
import email.utils
import gzip
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from live import faults
from live.processes import free_port

HEAD_BYTES = 1 << 16
IDLE_S = 60.0
REASONS = {200: "OK", 301: "Moved Permanently", 302: "Found", 304: "Not Modified",
           400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
           410: "Gone", 429: "Too Many Requests", 500: "Internal Server Error",
           502: "Bad Gateway", 503: "Service Unavailable"}


@dataclass
class Request:
    time: float          # time.time() when its head was there
    method: str
    target: str
    path: str            # decoded
    parameters: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes = b""
    fault: str = ""      # what was done to its answer
    status: int = 0      # of the answer that was honest; 0: there was none
    redirected: bool = False  # a hop of a redirect loop of ours


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def bytes(self, zipped: bool = False) -> tuple[bytes, bytes]:
        """Head and body as they go out."""
        body, headers = self.body, {"Date": email.utils.formatdate(usegmt=True), **self.headers}
        if zipped and body:
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        if self.status != 304:
            headers["Content-Length"] = str(len(body))
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Other')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode(), body


class Violation(Exception):
    """The client asked for something that the platform's documentation does not allow."""


class StandIn:
    """`site.answer(request) -> Answer`; raises Violation. `delay`: seconds before each answer."""

    def __init__(self, site, delay: float = 0.0, port: int = 0):
        self.site, self.delay = site, delay
        self.port = port or free_port()
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self.faults = faults.Plan()
        self.zips = True                  # every second answer, where the client takes gzip
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        if not self._started.wait(10):
            raise RuntimeError("the stand-in has not started")

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def answered(self) -> list[Request]:
        """Those that got an honest answer."""
        return [one for one in list(self.requests) if not one.fault and not one.redirected]

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    # -- its thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._connections: set[asyncio.Task] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port,
                                            limit=HEAD_BYTES)
        self._started.set()
        await self._end.wait()
        server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._connections.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError, TimeoutError):
            pass  # the client has gone, as it may, or the test has ended
        except Exception as error:  # ours: it must show
            self.violations.append(f"the stand-in failed: {error!r}")
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _one(self, reader, writer) -> bool:
        """Answers one request; whether the connection lives on."""
        async with asyncio.timeout(IDLE_S):
            head = await reader.readuntil(b"\r\n\r\n")
            request = parse(head)
            if length := int(request.headers.get("content-length", 0)):
                request.body = await reader.readexactly(length)
        self.requests.append(request)
        loop = faults.hop(request)
        if loop is not None:
            request.redirected = True
            writer.write(b"".join(Answer(302, headers={"Location": loop}).bytes()))
            await writer.drain()
            return True
        if self.delay:
            await asyncio.sleep(self.delay)
        request.fault = self.faults.next()
        answer = self._judge(request)
        zipped = self.zips and len(self.requests) % 2 == 0 and \
            "gzip" in request.headers.get("accept-encoding", "")
        if request.fault:
            return await faults.FAULTS[request.fault](
                faults.Spoilt(self.site, request, answer, reader, writer))
        request.status = answer.status
        writer.write(b"".join(answer.bytes(zipped)))
        await writer.drain()
        return True

    def _judge(self, request: Request) -> Answer:
        try:
            if request.headers.get("host") != self.host:
                raise Violation(f"Host is {request.headers.get('host')}")
            if not request.headers.get("user-agent"):
                raise Violation("no User-Agent")
            return self.site.answer(request)
        except Violation as violation:
            self.violations.append(f"{request.method} {request.target}: {violation}")
            return Answer(400, str(violation).encode(), {"Content-Type": "text/plain"})


def parse(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, target, version = first.split(" ")
    if version != "HTTP/1.1":
        raise ValueError(f"version {version}")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    parts = urlsplit(target)
    pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    return Request(time.time(), method, target, unquote(parts.path), dict(pairs), headers)


def check_parameters(request: Request, allowed: set[str]) -> None:
    if unknown := set(request.parameters) - allowed:
        raise Violation(f"unknown parameters: {', '.join(sorted(unknown))}")
    if request.method == "GET" and request.body:
        raise Violation("GET with a body")


def number(request: Request, name: str, least: int, most: int, default: int) -> int:
    text = request.parameters.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise Violation(f"{name}={text}: not from {least} to {most}")
    return int(text)


class Budget:
    """A platform's rate limit: `limit` requests in windows of `seconds`, from the first on."""

    def __init__(self, limit: int = 1_000_000, seconds: float = 900.0):
        self.limit, self.seconds = limit, seconds
        self.exceeded = 0
        self._used, self._reset = 0, 0.0

    def take(self) -> tuple[bool, int, float]:
        """Whether there is one left; how many then; when (time.time()) all are there again."""
        now = time.time()
        if now >= self._reset:
            # Whole seconds: the header of X has no more.
            self._used, self._reset = 0, float(int(now + self.seconds))
        if self._used >= self.limit:
            self.exceeded += 1
            return False, 0, self._reset
        self._used += 1
        return True, self.limit - self._used, self._reset
