"""scripts/pipeline: up, scale, status and down."""

import argparse
import json
import os
import sys
from pathlib import Path

from supervisor import control, daemon, flow, rundir, text
from supervisor.child import KILL_AFTER_S, describe
from supervisor.config import DEFAULT_CONFIG, MAX_REPUBLISHERS, ROOT, STAGES, Config, ConfigError
from supervisor.config import load
from supervisor.control import CommandError, NotRunning
from supervisor.rundir import RunDirError

SUPERVISOR_ENDS_S = 5.0  # after its last word


class Failure(Exception):
    """What to print before exit 1."""


def republisher_count(least: int):
    def parsed(value: str) -> int:
        if not value.isdecimal() or not least <= int(value) <= MAX_REPUBLISHERS:
            raise argparse.ArgumentTypeError(
                f"{value}: a number from {least} to {MAX_REPUBLISHERS}")
        return int(value)

    return parsed


def add_start_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG, metavar="FILE",
                        help="configuration of all three (default scripts/pipeline.toml)")
    parser.add_argument("--republishers", type=republisher_count(1), metavar="N",
                        help="default: what '# republishers: N' at the head of FILE says, else 2")


def folder(value: str) -> Path:
    """A folder, or the path of one to be."""
    path = Path(value)
    try:
        there = next(one for one in (path, *path.absolute().parents) if one.exists())
        is_folder = there.is_dir()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{path}: {error.strerror}") from None
    if not is_folder:
        raise argparse.ArgumentTypeError(f"{there} is no folder")
    return path


def add_run_dir(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument("--run-dir", type=folder, metavar="DIR",
                        help=f"state, logs and results (default {default})")


def executables() -> Path:
    """Where the three executables are: build/release/bin, or what PIPELINE_BIN says."""
    folder = Path(os.environ.get("PIPELINE_BIN") or ROOT / "build" / "release" / "bin").absolute()
    missing = [stage for stage in STAGES if not os.access(folder / stage, os.X_OK)]
    if missing:
        raise Failure(f"{', '.join(missing)}: not in {folder}: run scripts/build")
    return folder


def down_of(run_dir: Path) -> str:
    """The command that stops what runs there."""
    return f"'scripts/pipeline down --run-dir {run_dir}'"


def launch(config: Config, run_dir: Path, republishers: int | None,
           owned: bool) -> tuple[int, control.Answer]:
    """Starts a supervisor; returns how many republishers it starts, and its answer to come."""
    folder = executables()
    count = config.republishers if republishers is None else republishers
    lock = rundir.lock(run_dir)
    if lock is None:
        raise Failure(f"a pipeline runs in {run_dir}: {down_of(run_dir)} stops it")
    left = rundir.left_behind(run_dir)
    if left and left.processes:
        names = ", ".join(f"{process.name} (pid {process.pid})" for process in left.processes)
        raise Failure(f"{names}: still running without a supervisor: {down_of(run_dir)} first")
    return count, daemon.spawn(config, run_dir, folder, count, lock, owned)


def up(arguments) -> int:
    run_dir = rundir.for_start(arguments.run_dir)
    config = load(arguments.config, run_dir)
    count, answer = launch(config, run_dir, arguments.republishers, owned=False)
    print(f"starting reporter, {text.count(count, 'republisher')} and ingestor in {run_dir}",
          flush=True)
    answer.result()
    print("up: every process is ready")
    return 0


def scale(arguments) -> int:
    run_dir = current(arguments)
    control.ask(run_dir, "scale", republishers=arguments.republishers).result()
    print(f"{text.count(arguments.republishers, 'republisher')} ready")
    return 0


def status(arguments) -> int:
    run_dir = current(arguments)
    answer = control.ask(run_dir, "status").result()
    try:
        config = load(Path(answer["config"]), run_dir)
        for process in answer["processes"]:
            process["not_ready"] = not_ready(process, config)
        rates, problem = flow.fetch(config.http["reporter"]), ""
    except (flow.FlowError, ConfigError) as error:
        rates, problem = None, str(error)
    if arguments.json:
        print(json.dumps({"run_dir": str(run_dir), "processes": answer["processes"],
                          "pipeline": rates}, indent=2))
        return 0
    print(f"{run_dir}, {answer['config']}\n")
    print("\n".join(process_table(answer["processes"])), end="\n\n")
    if rates is None:
        print(f"no rates: {problem}")
        return 0
    print("\n".join(stage_table(rates, answer["processes"])), end="\n\n")
    if said := troubles(rates, answer["processes"]):
        print("\n".join(said), end="\n\n")
    print("\n".join(totals(rates)))
    return 0


def not_ready(process: dict, config: Config) -> str:
    """Why a process cannot work now, though it was ready once; "" if it can, or tells nobody."""
    address = config.http[process["stage"]]
    return flow.unready_reason(address) if process["pid"] and address else ""


def process_table(processes: list[dict]) -> list[str]:
    rows = [[one["name"], one["state"], text.number(one["pid"]).replace(",", ""),
             text.duration(one["uptime_s"]), str(one["restarts"]), text.size(one["memory_bytes"])]
            for one in processes]
    lines = text.table(["process", "state", "pid", "uptime", "restarts", "memory"], rows, left=2)
    lines += [f"{one['name']} is not ready: {one['not_ready']}"
              for one in processes if one.get("not_ready")]
    return lines + [f"{one['name']} ended with {describe(one['returncode'])}: {one['error']}"
                    for one in processes if one["error"]]


def stage_table(rates: dict, processes: list[dict]) -> list[str]:
    """One row a stage; the one that limits the pipeline is marked."""
    names = {str(one["pid"]): one["name"] for one in processes if one["pid"]}
    rows = []
    for stage in rates.get("stages") or []:
        remote = str(stage.get("name", "?"))
        limits = rates.get("limiting") == stage.get("stage")
        rows.append([names.get(remote.rpartition(":")[2], remote),
                     text.number(stage.get("events_per_second")), text.number(stage.get("credit")),
                     text.number(stage.get("in_flight")), text.percent(stage.get("busy")),
                     text.percent(stage.get("blocked")), "<- limits" if limits else ""])
    order = [one["name"] for one in processes]
    rows.sort(key=lambda row: (order.index(row[0]) if row[0] in order else len(order), row[0]))
    header = ["stage", "events/s", "credit", "in flight", "busy", "blocked", ""]
    return text.table(header, rows)


def troubles(rates: dict, processes: list[dict]) -> list[str]:
    """What the stages say of the world outside: a source that fails, a target that is slow. What
    several say alike is told once."""
    names = {str(one["pid"]): one["name"] for one in processes if one["pid"]}
    said: dict[str, list[str]] = {}
    for stage in rates.get("stages") or []:
        if trouble := stage.get("trouble"):
            remote = str(stage.get("name", "?"))
            said.setdefault(str(trouble), []).append(
                names.get(remote.rpartition(":")[2], remote))
    return [f"{', '.join(sorted(who))}: {what}" for what, who in said.items()]


def totals(rates: dict) -> list[str]:
    posts, publications = rates.get("posts") or {}, rates.get("publications") or {}

    def listed(values: dict, names: tuple[str, ...]) -> str:
        return ", ".join(f"{text.number(values.get(name))} {name}" for name in names)

    limiting = rates.get("limiting", "unknown")
    return [
        f"limiting      {limiting}",
        f"posts         {listed(posts, ('read', 'settled', 'filtered', 'skipped'))}",
        f"publications  {listed(publications, ('published', 'failed', 'deferred'))}, "
        f"{text.number(publications.get('per_second'))} a second, "
        f"{text.number(rates.get('redelivered'))} redelivered",
    ]


def down(arguments) -> int:
    run_dir = current(arguments)
    try:
        answer = control.ask(run_dir, "down")
    except NotRunning:
        return 0 if stop_orphans(run_dir) else 1
    clean = answer.result()["clean"]
    rundir.wait_unsupervised(run_dir, SUPERVISOR_ENDS_S)  # so that `up` may follow at once
    return 0 if clean else 1


def stop_orphans(run_dir: Path) -> bool:
    """Ends what a killed supervisor left. The kernel sent those SIGTERM when it died, and a second
    one would cut their drain short, so they are waited for. False: how they ended is not known."""
    left = rundir.left_behind(run_dir)
    if left is None:
        raise NotRunning(f"no pipeline runs in {run_dir}")
    print("the supervisor was killed; its processes drain by themselves", flush=True)
    stuck = rundir.wait_gone(left.processes, left.patience_s)
    for process in stuck:
        print(f"{process.name} (pid {process.pid}): not drained after {left.patience_s:.0f} s: "
              "killed")
        process.kill()
    rundir.wait_gone(stuck, KILL_AFTER_S)
    rundir.forget_state(run_dir)
    names = ", ".join(process.name for process in left.processes)
    print(f"stopped: {names or 'nothing was left'}")
    return False


def current(arguments) -> Path:
    run_dir = arguments.run_dir or rundir.CURRENT
    if not run_dir.is_dir():
        raise NotRunning(f"no pipeline runs in {run_dir}")
    return run_dir.resolve()


def parse(argv: list[str]):
    parser = argparse.ArgumentParser(prog="scripts/pipeline", allow_abbrev=False,
                                     description="Launches and looks after the pipeline.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, function, what in (
            ("up", up, "start reporter, republishers and ingestor"),
            ("scale", scale, "change the number of republishers while posts flow"),
            ("status", status, "each process and stage, and who is limiting"),
            ("down", down, "drain and stop: ingestor, republishers, reporter")):
        command = commands.add_parser(name, help=what, description=what, allow_abbrev=False)
        command.set_defaults(function=function)
        if name == "up":
            add_start_options(command)
        if name == "scale":
            command.add_argument("republishers", type=republisher_count(0), metavar="N")
        if name == "status":
            command.add_argument("--json", action="store_true", help="everything, as one object")
        add_run_dir(command, "build/run/current")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    arguments = parse(argv)
    try:
        return arguments.function(arguments)
    except (Failure, CommandError, ConfigError, RunDirError) as error:
        print("\n".join(f"scripts/pipeline: {line}" for line in str(error).splitlines()),
              file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # an `up` that is left drains what it has started
        return 130
    except BrokenPipeError:    # nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
