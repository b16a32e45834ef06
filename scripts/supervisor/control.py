"""Commands to a supervisor: one JSON object a line, over a unix socket in the run directory.

The client sends {"command": NAME, …}; the supervisor answers with any number of {"say": TEXT}
and then {"ok": true, …} or {"ok": false, "error": TEXT}, and closes.
"""

import asyncio
import json
import os
import socket
from contextlib import contextmanager
from pathlib import Path

MAX_LINE_BYTES = 1 << 20
MAX_CLIENTS = 16
COMMAND_TIMEOUT_S = 5.0  # for a client to say what it wants
SOCKET_NAME = "supervisor.sock"


class CommandError(Exception):
    """One line for the operator."""


class NotRunning(CommandError):
    pass


class Broken(CommandError):
    """The supervisor ended in the middle of an answer."""


@contextmanager
def _address(run_dir: Path):
    """The socket's path by way of an open folder: a unix address holds 107 bytes at most."""
    folder = os.open(run_dir, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET_NAME}"
    finally:
        os.close(folder)


# -- the client -----------------------------------------------------------------------------------

class Answer:
    """What a supervisor answers on one connection: result() waits for its end, receive() takes
    what has come when the connection is readable."""

    def __init__(self, connection: socket.socket):
        self._connection = connection
        self._buffer = b""

    def fileno(self) -> int:
        return self._connection.fileno()

    def close(self) -> None:
        self._connection.close()

    def receive(self) -> list[dict]:
        """Waits for bytes; returns the messages that are complete. Raises Broken at the end."""
        data = self._connection.recv(65536)
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if not data:
            raise Broken("the supervisor ended without an answer: see log/supervisor.log")
        if len(self._buffer) > MAX_LINE_BYTES:
            raise Broken("the supervisor's answer is too long")
        return [json.loads(line) for line in lines]

    def result(self, say=print) -> dict:
        while True:
            for message in self.receive():
                if "say" in message:
                    say(message["say"])
                    continue
                self.close()
                return checked(message)


def checked(message: dict) -> dict:
    """The final answer of a command; raises CommandError if it was refused."""
    if not message["ok"]:
        raise CommandError(message["error"])
    return message


def ask(run_dir: Path, command: str, **arguments) -> Answer:
    """Sends a command to the supervisor of `run_dir`. Raises NotRunning."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _address(run_dir) as address:
            connection.connect(address)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        raise NotRunning(f"no pipeline runs in {run_dir}") from None
    connection.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
    return Answer(connection)


# -- the supervisor's end -------------------------------------------------------------------------

class Client:
    """The other end of one command; what is said to one who has left is dropped."""

    def __init__(self, writer: asyncio.StreamWriter):
        self._writer = writer

    def say(self, text: str) -> None:
        self._send({"say": text})

    def done(self, **results) -> None:
        self._send({"ok": True, **results})

    def refuse(self, error: str) -> None:
        self._send({"ok": False, "error": error})

    def _send(self, message: dict) -> None:
        if not self._writer.is_closing():
            self._writer.write(json.dumps(message).encode() + b"\n")


async def serve(run_dir: Path, run_command) -> asyncio.Server:
    """Calls `await run_command(request, client)` for each command; CommandError is the answer."""
    clients = 0

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal clients
        clients += 1
        client = Client(writer)
        try:
            if clients > MAX_CLIENTS:
                raise CommandError(f"more than {MAX_CLIENTS} commands at a time")
            await run_command(await _read_request(reader), client)
        except CommandError as error:
            client.refuse(str(error))
        finally:
            clients -= 1
            writer.close()

    (run_dir / SOCKET_NAME).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _address(run_dir) as address:
        listener.bind(address)
    (run_dir / SOCKET_NAME).chmod(0o600)
    return await asyncio.start_unix_server(connected, sock=listener, limit=MAX_LINE_BYTES)


async def _read_request(reader: asyncio.StreamReader) -> dict:
    try:
        line = await asyncio.wait_for(reader.readline(), COMMAND_TIMEOUT_S)
        request = json.loads(line)
    except asyncio.TimeoutError:
        raise CommandError(f"no command within {COMMAND_TIMEOUT_S:.0f} s") from None
    except ConnectionError:
        raise CommandError("left without a command") from None
    except ValueError:  # no JSON, no UTF-8, or a line beyond the limit
        raise CommandError("a command is one JSON object on one line") from None
    if not isinstance(request, dict) or not isinstance(request.get("command"), str):
        raise CommandError("a command is a JSON object with a \"command\"")
    return request
