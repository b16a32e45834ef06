"""The process that a supervisor runs in: detached from whoever started it."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

from supervisor import control, rundir
from supervisor.child import rotate
from supervisor.config import Config
from supervisor.control import CommandError
from supervisor.supervisor import Supervisor, log


def spawn(config: Config, run_dir: Path, executables: Path, republishers: int, lock: int,
          owned: bool) -> control.Answer:
    """Forks a supervisor into a session of its own; the answer says whether the pipeline is up.
    An `owned` one drains and ends when the caller's end of that connection is closed."""
    ours, theirs = socket.socketpair()
    (run_dir / "log").mkdir(exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork() != 0:
        theirs.close()
        os.close(lock)
        return control.Answer(ours)
    status = 1
    try:
        ours.close()
        _detach(run_dir / "log" / "supervisor.log")
        asyncio.run(_supervise(config, run_dir, executables, republishers, theirs, owned))
        status = 0
    except BaseException as error:  # the last thing this process does is to say why it ends
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        sys.stderr.flush()
        os._exit(status)


def _detach(log_path: Path) -> None:
    os.setsid()
    rotate(log_path)
    null = os.open(os.devnull, os.O_RDWR)
    output = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for descriptor, target in ((null, 0), (null, 1), (output, 2)):
        os.dup2(descriptor, target)
    for signal_number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_DFL)


async def _supervise(config, run_dir, executables, republishers, connection, owned) -> None:
    supervisor = Supervisor(config, run_dir, executables)
    server = await control.serve(run_dir, supervisor.run_command)
    reader, writer = await asyncio.open_connection(sock=connection)
    starter = control.Client(writer)
    tasks: list[asyncio.Task] = []

    def stop(reason: str) -> None:
        log(f"stops the pipeline: {reason}")
        tasks.append(asyncio.create_task(supervisor.stop()))

    async def watch_starter() -> None:
        try:
            await reader.read()
        except ConnectionError:
            pass  # gone while something was being said to it: gone all the same
        stop("who started it has gone")

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop, "SIGTERM")
    watching = asyncio.create_task(watch_starter())
    log(f"starts {executables} with {config.path} and {republishers} republishers")
    try:
        await supervisor.up(republishers)
        starter.done()
        if not owned:
            watching.cancel()
            writer.close()
    except CommandError as error:
        stop(str(error))
        await supervisor.over.wait()
        starter.refuse(str(error))
    await supervisor.over.wait()
    server.close()
    supervisor.close()
    rundir.forget_state(run_dir)
    (run_dir / control.SOCKET_NAME).unlink(missing_ok=True)
    starter.done(processes=supervisor.report(), flow=supervisor.last_flow)
    writer.close()
    watching.cancel()
    await asyncio.gather(*tasks)
    log("ends")
