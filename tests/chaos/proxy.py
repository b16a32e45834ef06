"""A TCP proxy with faults, driven by JSON lines on standard input; one answer a line.

{"listen": NAME, "at": [HOST, PORT], "to": [HOST, PORT]}  forwards, port 0: any  -> {"port": N}
{"reset": [NAME, ...]}                     connections end with a TCP reset
{"delay": [NAME, ...], "ms": N}            what passes from now on comes so much later
{"hole": [NAME, ...], "way": WAY}          nothing passes "in" (to where it listens), "out", "both"
{"heal": [NAME, ...]}                      no delay, no hole; what waited passes  -> {"connections": N}

What a hole keeps waits in the kernel's buffers and comes late, not never: TCP loses nothing of a
connection that lives. Ends with its standard input.
"""

import asyncio
import json
import socket
import struct
import sys
from collections import deque

RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, no time
PENDING_BYTES = 1 << 20                   # held for a target that is not connected yet


class Route:
    """One listening address and where it leads, with the faults in force."""

    def __init__(self, target):
        self.target = target
        self.delay = 0.0
        self.hole = ""
        self.ends: set[End] = set()

    def closed(self, inward: bool) -> bool:
        return self.hole == "both" or self.hole == ("in" if inward else "out")


class End(asyncio.Protocol):
    """One of the two sockets of a connection. `inward`: what it reads goes to the listening side."""

    def __init__(self, route: Route, inward: bool):
        self.route, self.inward = route, inward
        self.transport = None
        self.peer: End | None = None
        self._due = 0.0        # when the last thing read is passed on
        self._held: deque = deque()    # what is passed on later, in its order
        self._choked = False   # the other side takes no more for now
        self._early: list[bytes] = []  # read before the other side was there

    def connection_made(self, transport):
        self.transport = transport
        self.route.ends.add(self)
        if self.peer is None:
            asyncio.get_running_loop().create_task(self._call())
        else:
            for data in self.peer._early:
                transport.write(data)
            self.peer._early.clear()
            self.peer._choked = False
            self.peer.regulate()
        self.regulate()

    async def _call(self):
        far = End(self.route, inward=True)
        far.peer, self.peer = self, far
        try:
            await asyncio.get_running_loop().create_connection(lambda: far, *self.route.target)
        except OSError:
            self.reset()  # nobody there: the caller hears of it at once
        else:
            if self.transport.is_closing():
                far.transport.abort()

    def data_received(self, data):
        self.later(self._pass, data)

    def connection_lost(self, _error):
        self.route.ends.discard(self)
        self.later(self._end)

    def pause_writing(self):
        self.peer._choked = True
        self.peer.regulate()

    def resume_writing(self):
        self.peer._choked = False
        self.peer.regulate()

    def regulate(self):
        if self.transport is None or self.transport.is_closing():
            return
        if self._choked or self.route.closed(self.inward):
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def reset(self):
        if self.transport is None or self.transport.is_closing():
            return
        self.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        self.transport.abort()

    def later(self, then, *arguments):
        """In order, whatever the delays were in between."""
        loop = asyncio.get_running_loop()
        self._due = max(self._due, loop.time() + self.route.delay)
        if not self._held and self._due <= loop.time():
            then(*arguments)
        else:
            self._held.append((then, arguments))
            loop.call_at(self._due, self._release)

    def _release(self):
        then, arguments = self._held.popleft()
        then(*arguments)

    def _pass(self, data):
        if self.peer.transport is None:
            self._early.append(data)
            if sum(map(len, self._early)) > PENDING_BYTES:
                self._choked = True
                self.regulate()
        elif not self.peer.transport.is_closing():
            self.peer.transport.write(data)

    def _end(self):
        if self.peer and self.peer.transport and not self.peer.transport.is_closing():
            self.peer.transport.close()


class Proxy:
    def __init__(self):
        self._routes: dict[str, Route] = {}
        self._servers = []

    async def obey(self, command: dict) -> dict:
        if "listen" in command:
            route = self._routes[command["listen"]] = Route(command["to"])
            server = await asyncio.get_running_loop().create_server(
                lambda: End(route, inward=False), *command["at"])
            self._servers.append(server)
            return {"port": server.sockets[0].getsockname()[1]}
        verb = next(verb for verb in ("reset", "delay", "hole", "heal") if verb in command)
        ends = set()
        for name in command[verb]:
            route = self._routes[name]
            if verb == "delay":
                route.delay = command["ms"] / 1000
            elif verb == "hole":
                route.hole = command["way"]
            elif verb == "heal":
                route.delay, route.hole = 0.0, ""
            ends |= route.ends
        for end in ends:
            end.reset() if verb == "reset" else end.regulate()
        return {"connections": len(ends) // 2}


async def main():
    proxy = Proxy()
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        print(json.dumps(await proxy.obey(json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
