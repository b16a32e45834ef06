"""scripts/run, once everything is built: one run from its first post to its summary."""

import argparse
import selectors
import signal
import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from supervisor import commands, control, flow, rundir, summary, text
from supervisor.commands import Failure
from supervisor.config import Config, ConfigError, load
from supervisor.control import CommandError
from supervisor.child import describe
from supervisor.rundir import RunDirError
from supervisor.screen import REDRAW_S, ProgressLine

GIVE_UP_S = 60.0  # of restarts without progress


class Signals:
    """SIGINT, SIGTERM and SIGHUP as bytes to read, one each."""

    def __init__(self):
        self._reading, self._writing = socket.socketpair()
        self._writing.setblocking(False)
        signal.set_wakeup_fd(self._writing.fileno())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: None)

    def fileno(self) -> int:
        return self._reading.fileno()

    def take(self) -> int:
        return len(self._reading.recv(64))


class Run:
    """Follows the supervisor that it owns: the pipeline drains when this process is gone."""

    def __init__(self, config: Config, run_dir: Path, owner: control.Answer, line: ProgressLine):
        self._config, self._run_dir, self._owner, self._line = config, run_dir, owner, line
        self._signals = Signals()
        self._down: control.Answer | None = None
        self.progress = flow.Progress()
        self.failures: list[str] = []
        self._settled = self._restarts = -1  # at the latest progress
        self._moved_at = 0.0

    def follow(self) -> list[dict]:
        """Until the supervisor ends. Returns its processes. Raises CommandError if the pipeline
        doesn't come up or the supervisor is killed."""
        up = False
        with selectors.DefaultSelector() as selector:
            selector.register(self._owner, selectors.EVENT_READ)
            selector.register(self._signals, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select(REDRAW_S):
                    if key.fileobj is self._signals:
                        self._interrupted(self._signals.take())
                        continue
                    for message in self._owner.receive():
                        if "processes" in message:
                            self._ended(message)
                            return message["processes"]
                        control.checked(message)
                        up = True
                if up:
                    self._look()

    def _look(self) -> None:
        try:
            self.progress.update(flow.fetch(self._config.http["reporter"]))
        except flow.FlowError:
            pass  # no rates now: the reporter restarts, or has no http; its state is looked at next
        try:
            processes = control.ask(self._run_dir, "status").result()["processes"]
        except control.NotRunning:
            return  # it has just ended; the owner's connection says how
        self._line.show(self.progress, self._note(processes))
        if not self._down:
            self._decide(processes)

    def _decide(self, processes: list[dict]) -> None:
        """Ends the run when all is settled, or when there is no use in going on."""
        failed = [one for one in processes if one["state"] == "failed"]
        if failed:
            self.failures += [f"{one['name']}: {one['error']}: given up" for one in failed]
            self._begin_down()
        elif any(one["state"] == "finished" for one in processes):
            self._begin_down()
        elif self._stuck(processes):
            last = max(processes, key=lambda one: one["restarts"])
            self.failures.append(f"no progress for {GIVE_UP_S:.0f} s in spite of restarts: "
                                 f"{last['name']}: {last['error']}")
            self._begin_down()

    def _stuck(self, processes: list[dict]) -> bool:
        """Processes die and nothing is settled any more. Who waits for the world isn't stuck."""
        settled = self.progress["settled"]
        calm = all(one["state"] == "ready" for one in processes)
        restarts = sum(one["restarts"] for one in processes)
        if settled != self._settled or (calm and restarts == self._restarts):
            self._settled, self._restarts, self._moved_at = settled, restarts, time.monotonic()
        return time.monotonic() - self._moved_at > GIVE_UP_S

    def _note(self, processes: list[dict]) -> str:
        if self._down:
            return "draining"
        unready = [f"{one['name']} {one['state']}" for one in processes
                   if one["state"] not in ("ready", "finished")]
        return ", ".join(unready)

    def _interrupted(self, times: int) -> None:
        self._line.clear()
        again = self._down is not None
        if not again:
            print("draining; once more stops at once", flush=True)
            self._begin_down()
        if again or times > 1:
            print("stopping at once", flush=True)
            self.failures.append("stopped before it was drained")
            control.ask(self._run_dir, "kill").result()

    @property
    def run_dir(self) -> Path:
        return self._run_dir

    def log(self, process: str) -> Path:
        return self._run_dir / "log" / f"{process}.log"

    def _begin_down(self) -> None:
        self._down = control.ask(self._run_dir, "down")  # the owner's connection says the result

    def _ended(self, message: dict) -> None:
        self._line.clear()
        if self._down:
            self._down.close()
        if message["flow"]:
            self.progress.update(message["flow"])


def report(run: Run, processes: list[dict], config: Config, fresh: bool, seconds: float) -> int:
    """Prints the summary; the exit code says whether anything failed or is missing."""
    failures = list(run.failures)
    warnings = [f"{one['name']} was restarted {text.count(one['restarts'], 'time')}"
                for one in processes if one["restarts"]]
    failures += [f"{one['name']}: {ending(one)}" for one in processes
                 if not one["clean"] and one["state"] != "failed"]
    if run.progress["skipped"]:
        warnings.append(f"{text.count(run.progress['skipped'], 'item')} of the sources skipped "
                        f"(no post, or double): log/ingestor.log in the run directory says which")
    warnings += summary.failing_sources(run.log("ingestor"))
    posts = run.progress["settled"]
    hints: list[str] = []
    if config.sqlite:
        try:
            contents = summary.read(config.sqlite, config)
            posts, table = contents.posts, summary.lines(contents)
            failures += summary.failures(contents)
            hints = summary.way_back(contents, config, run.run_dir)
        except summary.DatabaseError as error:
            table = []
            failures.append(str(error))
        else:
            lost = run.progress["settled"] - contents.posts
            restarted = any(one["restarts"] for one in processes if one["stage"] == "ingestor")
            # Else some were counted twice.
            if fresh and lost > 0 and not restarted and not config.replays:
                failures.append(f"{text.count(lost, 'post')} settled, but not in the database")
    else:
        table, more = summary.without_database(run.progress)
        failures += more
    print(f"\nposts: {posts:,}\nduration: {text.duration(seconds)}\n")
    print("\n".join(table), end="\n\n")
    for kind, told in (("warning", warnings), ("error", failures), ("hint", hints)):
        for line in told:
            print(f"{kind}: {line}")
    print(f"database: {config.sqlite or config.database}")
    for site in config.sites:
        print(f"site: {site}")
    return 1 if failures else 0


def ending(process: dict) -> str:
    said = describe(process["returncode"]) if process["returncode"] is not None else "never began"
    return f"{said}: {process['error']}" if process["error"] else said


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/run", allow_abbrev=False,
        description="Installs what is missing, builds, and runs a pipeline until its sources are "
                    "settled, or until Ctrl-C.")
    commands.add_start_options(parser)
    commands.add_run_dir(parser, "a new build/run/N")
    arguments = parser.parse_args(argv)
    try:
        return run(arguments)
    except (Failure, CommandError, ConfigError, RunDirError) as error:
        for line in str(error).splitlines():
            print(f"scripts/run: {line}", file=sys.stderr)
        return 1


def run(arguments) -> int:
    commands.executables()
    run_dir = rundir.make(arguments.run_dir) if arguments.run_dir else rundir.next_run().resolve()
    config = load(arguments.config, run_dir)
    fresh = not (run_dir / "log").exists() and not (config.sqlite and config.sqlite.exists())
    expected = summary.expected_posts(config) if fresh else None
    elsewhere = rundir.CURRENT.resolve() if rundir.CURRENT.is_dir() else run_dir
    others = elsewhere != run_dir and rundir.supervised(elsewhere)
    started = time.monotonic()
    count, owner = commands.launch(config, run_dir, arguments.republishers, owned=True)
    print(f"running {config.path} with {text.count(count, 'republisher')} in {run_dir}",
          flush=True)
    with ExitStack() as stack:
        if run_dir.parent == rundir.RUNS and not others:
            stack.enter_context(rundir.as_current(run_dir))
        else:
            print(f"scripts/pipeline knows it by --run-dir {run_dir}", flush=True)
        following = Run(config, run_dir, owner, ProgressLine(expected))
        try:
            processes = following.follow()
        except CommandError as error:
            if isinstance(error, control.Broken):
                commands.stop_orphans(run_dir)
            hint = f"\na pipeline runs in {elsewhere}: {commands.down_of(elsewhere)} stops it"
            raise Failure(f"{error}{hint if others else ''}") from None
    return report(following, processes, config, fresh, time.monotonic() - started)
