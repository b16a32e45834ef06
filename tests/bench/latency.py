"""latency: from the making of an event to its arrival at the last stage, at fixed rates."""

from pathlib import Path

from bench import relay
from bench.rounds import in_turns, median
from supervisor import text

RATES = (1_000, 10_000)
MAX_DEMAND = 1000
SECONDS = 5.0
PARTS = ("p50_us", "p99_us", "p999_us")


def latency(rounds: int, _out: Path | None) -> dict:
    cases = {}
    for rate in RATES:
        cases[f"PUSH/PULL, {rate:,}/s"] = lambda r=rate: relay.raw(1, rate=r, seconds=SECONDS)
        cases[f"link, {rate:,}/s"] = \
            lambda r=rate: relay.link(MAX_DEMAND, rate=r, seconds=SECONDS)
    results = in_turns(cases, rounds)
    summary = {name: {**{part: median(measured, part) for part in PARTS}, "rounds": measured}
               for name, measured in results.items()}
    print("\n".join(text.table(["", "p50 us", "p99 us", "p99.9 us"], [
        [name, *(text.number(round(one[part])) for part in PARTS)]
        for name, one in summary.items()])))
    return summary
