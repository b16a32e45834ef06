"""The ways between republishers and the rest: direct, through a proxy, over a cable to elsewhere."""

import asyncio
import json
import sys
from pathlib import Path

from chaos import namespaces
from supervisor.child import bound

LOOPBACK = "127.0.0.1"


class Proxy:
    """A process of proxy.py."""

    def __init__(self, process):
        self._process = process
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls, *front: str):
        process = await asyncio.create_subprocess_exec(
            *bound("KILL", [*front, sys.executable, str(Path(__file__).with_name("proxy.py"))]),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(self, **command) -> dict:
        async with self._turn:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            answer = await self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the proxy has died")
        return json.loads(answer)

    async def listen(self, name: str, at: str, to: tuple[str, int]) -> int:
        return (await self.ask(listen=name, at=[at, 0], to=list(to)))["port"]

    def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()

    async def wait(self) -> None:
        await self._process.wait()


class Network:
    """Knows for each route ("direct", "proxied", "elsewhere") where a republisher of it finds
    `ports`: {"posts": N, "publications": N}."""

    def __init__(self):
        self._proxy: Proxy | None = None
        self._elsewhere: Proxy | None = None
        self._ports: dict[str, dict[str, int]] = {}
        self.partitioned = False

    async def build(self, ports: dict[str, int], cable: bool) -> None:
        self._proxy = await Proxy.start()
        self._ports["direct"] = ports
        self._ports["proxied"] = {
            link: await self._proxy.listen(link, LOOPBACK, (LOOPBACK, port))
            for link, port in ports.items()}
        if not cable:
            return
        self._elsewhere = await Proxy.start("unshare", "--net")
        await self._until_apart()
        namespaces.join(self._elsewhere.pid)
        landing = {link: await self._proxy.listen(f"{link} from elsewhere", namespaces.NEAR,
                                                  (LOOPBACK, port))
                   for link, port in ports.items()}
        self._ports["elsewhere"] = {
            link: await self._elsewhere.listen(link, LOOPBACK, (namespaces.NEAR, port))
            for link, port in landing.items()}

    async def _until_apart(self) -> None:
        """Until `unshare` has made its namespace."""
        own = Path("/proc/self/ns/net").readlink()
        theirs = Path(f"/proc/{self._elsewhere.pid}/ns/net")
        async with asyncio.timeout(10):
            while theirs.readlink() == own:
                await asyncio.sleep(0.01)

    @property
    def routes(self) -> list[str]:
        return list(self._ports)

    def endpoints(self, route: str) -> dict[str, str]:
        return {link: f"tcp://{LOOPBACK}:{port}" for link, port in self._ports[route].items()}

    def namespace(self, route: str) -> int | None:
        """A process in the namespace of the route; None: our own."""
        return self._elsewhere.pid if route == "elsewhere" else None

    def front(self, route: str) -> list[str]:
        """What a command begins with to run there."""
        pid = self.namespace(route)
        return namespaces.command_in(pid) if pid else []

    # -- faults -------------------------------------------------------------------------------

    async def reset(self, links) -> int:
        return (await self._proxy.ask(reset=list(links)))["connections"]

    async def delay(self, links, ms: int) -> None:
        await self._proxy.ask(delay=list(links), ms=ms)

    async def hole(self, links, way: str) -> None:
        await self._proxy.ask(hole=list(links), way=way)

    async def heal(self, links) -> None:
        await self._proxy.ask(heal=list(links))

    def cut(self, way: str) -> None:
        namespaces.set_cable(self._elsewhere.pid, way, "down")

    def mend(self, way: str) -> None:
        namespaces.set_cable(self._elsewhere.pid, way, "up")

    async def close(self) -> None:
        proxies = [proxy for proxy in (self._proxy, self._elsewhere) if proxy]
        for proxy in proxies:
            proxy.kill()
        await asyncio.gather(*(proxy.wait() for proxy in proxies))
