#!/usr/bin/python3
"""Notifications of children, however many come at once."""

import asyncio
import os
import socket
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from supervisor.notify import Notifications  # noqa: E402 - found by the line above

MANY = 500  # far beyond what the socket's queue holds
PATIENCE_S = 10.0


class NotifyTest(unittest.TestCase):
    def test_none_is_lost_while_the_loop_is_busy(self):
        ready = []

        def send_all(address):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(PATIENCE_S)
                sender.connect("\0" + address[1:])
                for _ in range(MANY):
                    sender.send(b"STATUS=x\nREADY=1")
                sender.send(b"STOPPING=1")

        async def play():
            notifications = Notifications(ready.append)
            sender = threading.Thread(target=send_all, args=(notifications.address,))
            sender.start()
            sender.join(PATIENCE_S)  # the loop does nothing else meanwhile
            self.assertFalse(sender.is_alive())
            async with asyncio.timeout(PATIENCE_S):
                while len(ready) < MANY:
                    await asyncio.sleep(0.01)
            notifications.close()

        asyncio.run(play())
        self.assertEqual(ready, [os.getpid()] * MANY)


if __name__ == "__main__":
    unittest.main()
