#!/usr/bin/env python3
"""Counts the instructions that an event costs in the core and the codec, under callgrind.

check.py PROGRAM: fails if they exceed the bounds below. The count of instructions does not
depend on the machine's speed or load; compilers differ by some per cent.
"""

import re
import subprocess
import sys

FEW, MANY = 4, 64                  # sessions
MOST_GROWTH = 1.3                  # from few to many
# Most instructions an event with few sessions, by max_demand: 100 fills messages with 25
# events, 1 has every event travel alone.
BOUNDS = {100: 900, 1: 7_500}
SHORT, LONG = 10_000, 40_000       # events: the difference is without the start


def instructions(program: str, sessions: int, max_demand: int, events: int) -> int:
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program,
         str(sessions), str(max_demand), str(events)],
        capture_output=True, text=True, timeout=120, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or found is None:
        sys.exit(f"{program} could not be counted: {done.stderr[-1000:]}")
    return int(found.group(1))


def each(program: str, sessions: int, max_demand: int) -> float:
    return (instructions(program, sessions, max_demand, LONG) -
            instructions(program, sessions, max_demand, SHORT)) / (LONG - SHORT)


def main(program: str) -> int:
    failed = False
    for max_demand, bound in BOUNDS.items():
        few, many = each(program, FEW, max_demand), each(program, MANY, max_demand)
        print(f"max_demand {max_demand}: {few:.0f} instructions an event with {FEW} sessions "
              f"(at most {bound}), {many:.0f} with {MANY}: {many / few:.2f} times "
              f"(at most {MOST_GROWTH})")
        failed = failed or few > bound or many > MOST_GROWTH * few
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
