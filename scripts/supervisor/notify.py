"""Readiness as systemd defines it (sd_notify): a child sends READY=1 to $NOTIFY_SOCKET."""

import asyncio
import secrets
import socket
import struct

CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
MAX_DATAGRAM_BYTES = 4096


class Notifications:
    """One abstract socket for all children: the kernel names the sender's pid, so that nobody
    can speak for another, and there is no path to outgrow the address or to be left behind."""

    def __init__(self, on_ready):
        self._on_ready = on_ready
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        name = f"pullwire-{secrets.token_hex(8)}"
        self._socket.bind("\0" + name)
        self.address = "@" + name
        asyncio.get_running_loop().add_reader(self._socket, self._receive)

    def _receive(self) -> None:
        try:
            data, ancillary, _, _ = self._socket.recvmsg(
                MAX_DATAGRAM_BYTES, socket.CMSG_SPACE(CREDENTIALS.size))
        except BlockingIOError:
            return
        for level, kind, payload in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                pid, _, _ = CREDENTIALS.unpack(payload)
                if b"READY=1" in data.split(b"\n"):
                    self._on_ready(pid)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
