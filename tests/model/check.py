#!/usr/bin/python3
"""Has spin explore the model, and look for the mistakes planted in it.

    check.py            every case, and a table
    check.py NAME...    some of them; --list names them
    check.py --mutant MACRO    a mistake that the list does not have: what is found, if anything

The model must hold in every state that can be reached; a mistake must be found, by one of the
properties that it breaks. Exit 0 only then.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
MEMORY_MIB = 3000
DEADLINE_S = 600
COMPILE = ["gcc", "-w", "-DSAFETY", "-DNOREDUCE", f"-DMEMLIM={MEMORY_MIB}"]


@dataclass
class Case:
    name: str
    faults: dict = field(default_factory=dict)  # how many of each kind, KILLS, DOUBTS, …
    mutant: str = ""  # the macro that plants a mistake
    breaks: tuple = ()  # properties, one of which must find it
    file: str = "pipeline.pml"

    def defines(self):
        none = dict.fromkeys(("KILLS", "DOUBTS", "REPEATS", "LOSSES"), 0)
        return [f"-D{key}={value}" for key, value in (none | self.faults).items()]


def finds(name, mutant, breaks, file="pipeline.pml", **faults):
    return Case(f"finds {name}", faults, mutant, tuple(breaks.split()), file)


CASES = [
    Case("two kills", {"KILLS": 2}),
    Case("a kill and a session given up or cut", {"KILLS": 1, "DOUBTS": 1}),
    Case("a kill and a lost message", {"KILLS": 1, "LOSSES": 1}),
    Case("a kill and a republisher that leaves", {"KILLS": 1, "DRAINS": 1}),
    Case("a lost message and a republisher that leaves", {"LOSSES": 1, "DRAINS": 1}),
    Case("a kill and a repeated credit, with a wider window",
         {"KILLS": 1, "REPEATS": 1, "PUBLICATION_WINDOW": 2}),
    Case("handshakes with two kills", {"KILLS": 2, "DOUBTS": 2, "REPEATS": 1},
         file="handshake.pml"),
    Case("one budget for two", {"DOUBTS": 2, "REPEATS": 1, "LOSSES": 1}, file="budget.pml"),
    finds("a session id that is not checked", "NO_SESSION_CHECK", "I1 I8", KILLS=1),
    finds("credit as a delta", "DELTA_CREDIT", "I2", REPEATS=1),
    finds("credit on receipt", "CREDIT_ON_RECEIPT", "I2"),
    finds("credit that leaks", "LEAKED_CREDIT", "L1", DOUBTS=1),
    finds("a limit repeated after a drain", "LIMIT_WHILE_DRAINING", "I1 farewell",
          DRAINS=1, REPEATS=1),
    finds("a share above the budget", "SHARE_AT_ONCE", "I7", "budget.pml"),
    finds("credit that is never asked back", "NEVER_ASKS_BACK", "L1", "budget.pml"),
    finds("demand without demand", "NO_GATE", "gate"),
    finds("a settlement before the commit", "SETTLE_BEFORE_COMMIT", "I4"),
    finds("a post settled before the reporter settled it", "SETTLE_WHEN_PUBLISHED", "I4"),
    finds("a post settled with the first of its publications", "SETTLE_AFTER_FIRST", "I4"),
    finds("a release that is told once", "RELEASED_ONCE", "I4", DRAINS=1, LOSSES=1),
    finds("a cursor at the highest settled post", "CURSOR_AT_HIGHEST", "I5"),
    finds("posts seen when read", "SEEN_WHEN_READ", "I5"),
    finds("credit reserved for a whole post", "RESERVE_CREDIT", "L1"),
    finds("a missing flag after a session's death", "UNFLAGGED_AFTER_DEATH", "I12", DOUBTS=1),
    finds("a missing flag after an ingestor's restart", "UNFLAGGED_AFTER_RESTART", "I12", KILLS=1),
    finds("a goodbye before drained", "BYE_BEFORE_DRAINED", "farewell", DRAINS=1),
    finds("an older handshake that replaces a newer one", "OLDER_HELLO_REPLACES", "newer",
          "handshake.pml", DOUBTS=1),
    finds("a hello that does not count up", "NUMBER_NOT_COUNTED", "L1", "handshake.pml", DOUBTS=1),
]


class Failed(Exception):
    """The case did not end as it must; says why."""


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE_S)
    return done.returncode, done.stdout + done.stderr


def must_run(command, folder):
    code, output = run(command, folder)
    if code != 0:
        raise Failed(f"{command[0]}: {output.strip()}")
    return output


def preprocessed(case, defines):
    return must_run(["gcc", "-E", "-P", "-x", "c", *defines, str(HERE / case.file)], HERE)


def explore(case, folder):
    """What the verifier prints."""
    defines = case.defines()
    if case.mutant:
        plain, planted = defines, [*defines, f"-D{case.mutant}"]
        if preprocessed(case, plain) == preprocessed(case, planted):
            raise Failed(f"{case.mutant} changes nothing in {case.file}")
        defines = planted
    must_run(["spin", "-a", *defines, str(HERE / case.file)], folder)
    # Compiling takes about as long as searching: -O2 would cost more than it gains.
    must_run([*COMPILE, "-O0" if case.mutant else "-O1", "-o", "pan", "pan.c"], folder)
    table = 16 if case.mutant else 22  # 2^so many slots to begin with; it grows
    return run(["./pan", "-m10000", f"-w{table}"], folder)[1]


def history(case, folder):
    """How the verifier came to what it found: of each step the line where it begins."""
    replay = ["spin", "-k", f"{case.file}.trail", "-p", *case.defines(), str(HERE / case.file)]
    step = r"^ *(\d+):\tproc .*/(\w+\.pml:\d+) \(state \d+\)\t(\[.*\])$"
    steps = re.findall(step, run(replay, folder)[1], re.MULTILINE)
    first = {number: f"    {line} {statement}" for number, line, statement in reversed(steps)}
    return "\n".join(reversed(first.values()))


def result(case, output):
    """In words; raises if it is not what it must be."""
    errors = re.search(r"errors: (\d+)", output)
    if not errors:
        raise Failed(output.strip())
    problem = re.search(r"^pan:1: (.*) \(at depth", output, re.MULTILINE)
    found = re.match(r"assertion violated \((\w+)\|\|", problem[1]) if problem else None
    if not case.breaks:
        if problem:
            raise Failed(f"broken: {found[1] if found else problem[1]}")
        complete = errors[1] == "0" and "Full statespace search" in output
        cut_short = re.search("max search depth|not completed|MEMLIM|out of memory", output)
        if not complete or cut_short:
            raise Failed("not explored to the end: " + (cut_short[0] if cut_short else output))
        return "holds"
    if not problem:
        raise Failed(f"{case.mutant} was not found")
    if not found or found[1] not in case.breaks:
        wanted = ' or '.join(case.breaks)
        raise Failed(f"{case.mutant} was found by '{problem[1]}', not by {wanted}")
    return f"found by {found[1]}"


def check(case):
    """A row of the table, and whether it is as it must be."""
    begun = time.monotonic()
    states = "-"
    steps = ""
    good = True
    with tempfile.TemporaryDirectory(prefix="pullwire-") as folder:
        try:
            output = explore(case, folder)
            stored = re.search(r"([\d.e+]+) states, stored", output)
            states = f"{int(float(stored[1])):,}" if stored else "-"
            text = result(case, output)
        except (Failed, subprocess.TimeoutExpired, OSError) as error:
            good = False
            text = f"FAILED: {error}"
            if not case.mutant and (Path(folder) / f"{case.file}.trail").exists():
                steps = "\n" + history(case, folder)
    seconds = time.monotonic() - begun
    print(f"{case.name:52} {states:>12} {seconds:7.1f} s  {text}{steps}", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*")
    parser.add_argument("--list", action="store_true", help="name the cases, one a line")
    parser.add_argument("--mutant", metavar="MACRO", help="plant this mistake in pipeline.pml")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(case.name for case in CASES))
        return 0
    cases = [case for case in CASES if case.name in (arguments.name or [case.name])]
    unknown = set(arguments.name) - {case.name for case in cases}
    if unknown:
        parser.error(f"no case is named {', '.join(sorted(unknown))}")
    if arguments.mutant:
        cases = [Case(arguments.mutant, {"KILLS": 1}, arguments.mutant,
                      ("I1", "I2", "I4", "I5", "I7", "I8", "I11", "I12", "gate", "farewell", "L1"))]
    print(f"{'case':52} {'states':>12} {'time':>9}  result")
    results = [check(case) for case in cases]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
