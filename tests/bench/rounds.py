"""Measures several cases in turns, so that what the machine does hits all alike."""

import statistics
import sys

from bench import machine

MOST_REPEATS = 3  # of one measurement that others disturbed


class Disturbed(Exception):
    """Others took more of the processors than a measurement bears."""


def measure(case, name: str):
    """One measurement of `case`, repeated while the machine is disturbed."""
    for _ in range(MOST_REPEATS):
        share = machine.Share()
        result = case()
        steal = share.steal()
        if steal <= machine.MOST_STEAL:
            return result
        print(f"  {name}: {steal:.0%} of the processors were stolen, once more", file=sys.stderr)
    raise Disturbed(f"{name}: the machine was disturbed {MOST_REPEATS} times in a row")


def in_turns(cases: dict, count: int, progress=lambda name, result: None) -> dict[str, list]:
    """`count` results of each case; the first round of all, then the second, …"""
    results = {name: [] for name in cases}
    for _ in range(count):
        for name, case in cases.items():
            result = measure(case, name)
            results[name].append(result)
            progress(name, result)
    return results


def median(results: list[dict], key: str) -> float:
    return statistics.median(result[key] for result in results)
