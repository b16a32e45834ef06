"""scripts/bench."""

import argparse
import functools
import json
import signal
import sys
from pathlib import Path

from bench import comparison, durable, latency, machine, overflow, peers, render, scaling
from bench.rounds import Disturbed
from bench.stages import Failed

# Each: a function of the number of rounds that prints its table, returns what goes into the
# JSON document, and draws its plot into a folder if one is given.
BENCHMARKS = {"relay": comparison.relay_table, "peers": peers.peers_table,
              "latency": latency.latency, "scaling": scaling.scaling,
              "overflow": overflow.overflow, "durable": durable.durable,
              "render": render.render}


def parse(argv: list[str]):
    parser = argparse.ArgumentParser(
        prog="scripts/bench", allow_abbrev=False,
        description="Measures this project beside what could be used instead, in turns within one "
                    "run. Quote ratios: figures differ from machine to machine.")
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"of {', '.join(BENCHMARKS)}; "
                        "by default all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results as JSON")
    parser.add_argument("--out", type=Path, metavar="DIR", help="draw plots as SVG into DIR")
    parser.add_argument("--rounds", type=int, default=5, help="of each measurement (default 5)")
    parser.add_argument("--seconds", type=float, default=overflow.SECONDS,
                        help=f"that overflow takes (default {overflow.SECONDS})")
    arguments = parser.parse_args(argv)
    for name in arguments.names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name}: {', '.join(BENCHMARKS)}")
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    if not 2 <= arguments.seconds <= 86_400:
        parser.error("--seconds must be 2 to 86400")
    return arguments


def main(argv: list[str]) -> int:
    arguments = parse(argv)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is stopped
    document = {"machine": machine.describe(), "rounds": arguments.rounds}
    print(machine.describe())
    benchmarks = {**BENCHMARKS, "overflow": functools.partial(overflow.overflow,
                                                              seconds=arguments.seconds)}
    try:
        for name in arguments.names or benchmarks:
            print(f"\n{name}")
            document[name] = benchmarks[name](arguments.rounds, arguments.out)
    except (Failed, Disturbed) as failure:
        print(f"scripts/bench: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if arguments.json:
        arguments.json.write_text(json.dumps(document, indent=1) + "\n")
    return 0
