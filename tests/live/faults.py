"""How an answer can be spoilt, byte by byte, and which one is spoilt how.

A fault takes what would have been the answer and does its worst with the connection; it returns
whether that lives on. Those that have no end stop when the client has gone.
"""

import asyncio
import email.utils
import gzip
import random
import socket
import struct
import time
import zlib
from dataclasses import dataclass

HUGE_BYTES = 64 << 20
PIECE = bytes(1 << 16)
PATIENCE_S = 45.0       # for a client that has no time-out; it must have one
RETRY_S = 1             # what Retry-After asks for
TRICKLE_S = 0.05        # from byte to byte
HOP = "/redirected/"


@dataclass
class Spoilt:
    site: object
    request: object
    answer: object   # of stand_in
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
        await self.writer.drain()

    async def instead(self, status: int, body: bytes = b"", **headers: str) -> bool:
        """Another answer, which is well-formed HTTP."""
        kind = type(self.answer)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if status == 200:
            headers.setdefault("Content-Type", self.answer.headers.get("Content-Type", ""))
        await self.send(*kind(status, body, headers).bytes())
        return True

    async def gone(self) -> bool:
        """Waits until the client has closed."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.reader.read(1 << 16):
                pass
        return False


def hop(request) -> str | None:
    """Where a request that is caught in a redirect loop goes next."""
    if not request.path.startswith(HOP):
        return None
    return f"{HOP}{int(request.path.removeprefix(HOP)) + 1}"


# -- cut, slow, wrong ------------------------------------------------------------------------------

async def cut_header(spoilt: Spoilt) -> bool:
    head, _ = spoilt.answer.bytes()
    await spoilt.send(head[:len(head) * 2 // 3])
    return False


async def cut_body(spoilt: Spoilt) -> bool:
    head, body = spoilt.answer.bytes(zipped=random.random() < 0.5)
    await spoilt.send(head, body[:len(body) // 2])
    # Orderly, so that it is the length that tells; empty bodies end as they should.
    spoilt.writer.write_eof()
    await spoilt.gone()
    return False


async def trickle(spoilt: Spoilt) -> bool:
    head, _ = spoilt.answer.bytes()
    await spoilt.send(head.replace(b"Content-Length: ", b"Content-Length: 9"))
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and not spoilt.reader.at_eof():
        await spoilt.send(b" ")
        await asyncio.sleep(TRICKLE_S)
    return False


async def length_too_long(spoilt: Spoilt) -> bool:
    head, body = spoilt.answer.bytes()
    length = f"Content-Length: {len(body)}".encode()
    await spoilt.send(head.replace(length, f"Content-Length: {len(body) + 1000}".encode()), body)
    return False


async def length_too_short(spoilt: Spoilt) -> bool:
    head, body = spoilt.answer.bytes()
    length = f"Content-Length: {len(body)}".encode()
    await spoilt.send(head.replace(length, f"Content-Length: {len(body) // 2}".encode()), body)
    return False


async def no_status_line(spoilt: Spoilt) -> bool:
    await spoilt.send(b"HTTX 200\r\n\x00\xff: \r\n\r\n")
    return False


# -- too much --------------------------------------------------------------------------------------

async def huge_body(spoilt: Spoilt) -> bool:
    await spoilt.send(f"HTTP/1.1 200 OK\r\nContent-Length: {HUGE_BYTES}\r\n\r\n".encode())
    for _ in range(HUGE_BYTES // len(PIECE)):
        await spoilt.send(PIECE)
    return False


async def endless_body(spoilt: Spoilt) -> bool:
    await spoilt.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = f"{len(PIECE):x}\r\n".encode() + PIECE + b"\r\n"
    for _ in range(4 * HUGE_BYTES // len(PIECE)):
        await spoilt.send(chunk)
    return False


async def endless_header(spoilt: Spoilt) -> bool:
    await spoilt.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(20_000):
        await spoilt.send(f"X-Header-{number}: {'x' * 1000}\r\n".encode())
    return False


_bomb = b""


async def gzip_bomb(spoilt: Spoilt) -> bool:
    global _bomb
    if not _bomb:  # 256 MiB of spaces: JSON may begin with those
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        _bomb = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(256)) + packer.flush()
    return await spoilt.instead(200, _bomb, Content_Encoding="gzip")


# -- not what was asked for ------------------------------------------------------------------------

async def bad_gzip(spoilt: Spoilt) -> bool:
    packed = bytearray(gzip.compress(spoilt.answer.body or b"nothing"))
    packed[len(packed) // 2] ^= 0xFF
    packed[-1] ^= 0xFF  # whatever the byte in the middle was good for, the length is wrong
    return await spoilt.instead(200, bytes(packed), Content_Encoding="gzip")


async def bad_body(spoilt: Spoilt) -> bool:
    return await spoilt.instead(200, spoilt.answer.body[:-2] + b'"\xff\xfe<')


async def wrong_shape(spoilt: Spoilt) -> bool:
    return await spoilt.instead(200, random.choice(spoilt.site.WRONG_SHAPES))


async def redirect_loop(spoilt: Spoilt) -> bool:
    return await spoilt.instead(302, Location=f"{HOP}1")


async def redirect_nowhere(spoilt: Spoilt) -> bool:
    return await spoilt.instead(302, Location=random.choice(
        ["", "file:///etc/passwd", "gopher://127.0.0.1/", "http://[", "//"]))


# -- no answer -------------------------------------------------------------------------------------

async def hang(spoilt: Spoilt) -> bool:
    return await spoilt.gone()


async def close(_spoilt: Spoilt) -> bool:
    return False


async def reset(spoilt: Spoilt) -> bool:
    spoilt.writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


# -- not now ---------------------------------------------------------------------------------------

async def error_500(spoilt: Spoilt) -> bool:
    return await spoilt.instead(500, b"<html>oops</html>")


async def error_502(spoilt: Spoilt) -> bool:
    return await spoilt.instead(502)


async def error_503(spoilt: Spoilt) -> bool:
    return await spoilt.instead(503, b"", Retry_After=str(RETRY_S))


async def limited_seconds(spoilt: Spoilt) -> bool:
    return await spoilt.instead(429, b"", Retry_After=str(RETRY_S))


async def limited_date(spoilt: Spoilt) -> bool:
    return await spoilt.instead(429, b"", Retry_After=email.utils.formatdate(
        int(time.time()) + RETRY_S + 1, usegmt=True))


async def limited_reset(spoilt: Spoilt) -> bool:
    """As the platform itself says it."""
    return await spoilt.instead(429, b"", **spoilt.site.limit_headers(
        0, 0, float(int(time.time()) + RETRY_S + 1)))


FAULTS = {fault.__name__: fault for fault in (
    cut_header, cut_body, trickle, length_too_long, length_too_short, no_status_line, huge_body,
    endless_body, endless_header, gzip_bomb, bad_gzip, bad_body, wrong_shape, redirect_loop,
    redirect_nowhere, hang, close, reset, error_500, error_502, error_503, limited_seconds,
    limited_date, limited_reset)}


class Plan:
    """Which answers are spoilt: those of a list, one after another; then each with `chance`
    (`again` after a spoilt one), the kinds in turn, drawn from `seed`, no more than `most`."""

    def __init__(self, *listed: str, chance: float = 0.0, again: float = 0.0, seed: int = 0,
                 most: int = 0):
        self._listed = list(listed)
        self._random = random.Random(seed)
        self._chance, self._again, self._most = chance, again, most
        self._round: list[str] = []
        self._spoilt = False
        self.done: list[str] = []

    def next(self) -> str:
        fault = ""
        if self._listed:
            fault = self._listed.pop(0)
        elif len(self.done) < self._most and \
                self._random.random() < (self._again if self._spoilt else self._chance):
            if not self._round:
                self._round = sorted(FAULTS)
                self._random.shuffle(self._round)
            fault = self._round.pop()
        self._spoilt = bool(fault)
        if fault:
            self.done.append(fault)
        return fault
