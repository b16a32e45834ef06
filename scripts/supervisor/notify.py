"""Readiness as systemd defines it (sd_notify): a child sends READY=1 to $NOTIFY_SOCKET."""

import asyncio
import secrets
import socket
import struct
import threading

CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
MAX_DATAGRAM_BYTES = 4096


class Notifications:
    """One abstract socket for all children: the kernel names the sender's pid, so that nobody
    can speak for another, and there is no path to outgrow the address or to be left behind.

    A thread reads it: the queue holds some ten datagrams, and a child that finds it full gives up
    after a second, while the loop may be busy with starting others."""

    def __init__(self, on_ready):
        self._on_ready = on_ready
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        name = f"pullwire-{secrets.token_hex(8)}"
        self._socket.bind("\0" + name)
        self.address = "@" + name
        self._thread = threading.Thread(target=self._receive, name="notifications", daemon=True)
        self._thread.start()

    def _receive(self) -> None:
        while True:
            data, ancillary, _, _ = self._socket.recvmsg(
                MAX_DATAGRAM_BYTES, socket.CMSG_SPACE(CREDENTIALS.size))
            if self._closing:
                return
            for level, kind, payload in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                    pid, _, _ = CREDENTIALS.unpack(payload)
                    if b"READY=1" in data.split(b"\n"):
                        self._loop.call_soon_threadsafe(self._on_ready, pid)

    def close(self) -> None:
        self._closing = True
        self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._thread.join()
        self._socket.close()
