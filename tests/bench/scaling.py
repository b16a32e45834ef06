"""scaling: the founding example against its ideal; what an event costs among many republishers,
and what a republisher costs that has nothing to do."""

import statistics
import time
from pathlib import Path

from bench import machine, plot
from bench.pipeline import Pipeline
from bench.rounds import in_turns, measure, median
from bench.stages import Stages
from supervisor import text

WARM_UP_S = 2.0

# The costs of scripts/founding.toml, in milliseconds a post.
INGESTOR_MS, REPUBLISHER_MS, REPORTER_MS = 1, 10, 2
COUNTS = range(1, 9)
MAX_DEMAND = 10  # posts on each link, and publications of all links together
WINDOW_S = 6.0

BUSY_COUNTS = (1, 4, 16, 64)
BUSY_RATE = 20_000  # events a second, whatever the number of republishers
BUSY_MAX_DEMAND = 1000
BUSY_WINDOW_S = 3.0
LEAST_OF_RATE = 0.98  # else they did not keep up, and the cost is not that of this rate

IDLE_COUNT = 64
IDLE_WINDOW_S = 20.0


def ideal(republishers: int) -> float:
    """Posts a second: min(N/10, 1/2, 1) of a thousand."""
    return 1000 * min(1 / INGESTOR_MS, republishers / REPUBLISHER_MS, 1 / REPORTER_MS)


def founding(windows: int) -> dict[int, list[float]]:
    """Posts a second by the number of republishers, `windows` of each; one pipeline, growing."""
    rates = {}
    with Stages() as stages:
        pipeline = Pipeline(stages, f"simulated:?cost_ms={INGESTOR_MS}", max_demand=MAX_DEMAND,
                            target=f"null:?cost_ms={REPUBLISHER_MS}", cost_ms=REPORTER_MS)
        for count in COUNTS:
            pipeline.scale(count)
            time.sleep(WARM_UP_S)
            rates[count] = [measure(lambda: pipeline.recorded.window(WINDOW_S),
                                    f"{count} republishers")["events_per_s"]
                            for _ in range(windows)]
    return rates


def busy(republishers: int) -> dict:
    """All of them share a fixed rate of posts."""
    with Stages() as stages:
        pipeline = Pipeline(stages, f"simulated:?rate={BUSY_RATE}", max_demand=BUSY_MAX_DEMAND)
        pipeline.scale(republishers)
        time.sleep(WARM_UP_S)
        return pipeline.recorded.window(BUSY_WINDOW_S)


def idle() -> dict:
    """They have sessions and credit, but the source has one post in a quarter of an hour."""
    with Stages() as stages:
        pipeline = Pipeline(stages, "simulated:?rate=0.001", max_demand=BUSY_MAX_DEMAND)
        pipeline.scale(IDLE_COUNT)
        time.sleep(WARM_UP_S)

        def used() -> dict[str, float]:
            return {name: sum(machine.thread_seconds(process.pid).values())
                    for name, process in stages.processes.items()}

        begin, before = time.monotonic(), used()
        time.sleep(IDLE_WINDOW_S)
        after, took = used(), time.monotonic() - begin
        shares = {name: (after[name] - before[name]) / took for name in after}
    republishers = [share for name, share in shares.items() if name.startswith("republisher")]
    return {"republishers": IDLE_COUNT, "of_a_core_mean": statistics.mean(republishers),
            "of_a_core_most": max(republishers), "ingestor_of_a_core": shares["ingestor"],
            "reporter_of_a_core": shares["reporter"]}


def throughput_table(rounds: int, out: Path | None) -> dict:
    rates = founding(rounds)
    summary, rows = {}, []
    for count, windows in rates.items():
        rate = statistics.median(windows)
        summary[count] = {"events_per_s": rate, "ideal": ideal(count),
                          "of_ideal": rate / ideal(count), "windows": windows}
        rows.append([str(count), f"{rate:.1f}", f"{ideal(count):.0f}",
                     f"{rate / ideal(count):.2%}"])
    print("\n".join(text.table(["republishers", "posts/s", "ideal", "ratio"], rows)))
    if out:
        plot.against(out / "scaling.svg",
                     f"Costs a post: ingestor {INGESTOR_MS} ms, republisher {REPUBLISHER_MS} ms, "
                     f"reporter {REPORTER_MS} ms",
                     "republishers", "posts a second",
                     ("ideal: min(N/10, 1/2, 1) of 1,000",
                      [(count, ideal(count)) for count in COUNTS]),
                     ("measured", [(count, one["events_per_s"])
                                   for count, one in summary.items()]))
    return summary


def cost_table(rounds: int, out: Path | None) -> dict:
    results = in_turns({f"{count} republishers": lambda n=count: busy(n)
                        for count in BUSY_COUNTS}, rounds)
    summary, rows = {}, []
    base = median(results["4 republishers"], "cpu_s_per_million")
    for count, measured in zip(BUSY_COUNTS, results.values()):
        cost = median(measured, "cpu_s_per_million")
        summary[count] = {"cpu_s_per_million": cost, "of_that_with_4": cost / base,
                          "events_per_s": median(measured, "events_per_s"), "rounds": measured}
        rows.append([str(count), text.number(round(summary[count]["events_per_s"])),
                     f"{cost:.1f}", f"{cost / base:.2f}"])
    print("\n".join(text.table(
        ["republishers", "events/s", "CPU s per million", "of that with 4"], rows)))
    for count, one in summary.items():
        if one["events_per_s"] < LEAST_OF_RATE * BUSY_RATE:
            print(f"{count} republishers did not keep up with {BUSY_RATE:,} events/s")
    if out:
        plot.lines(out / "scaling-cost.svg", f"What an event costs, at {BUSY_RATE:,} a second",
                   "republishers", "CPU seconds per million events",
                   {"all processes": [(count, one["cpu_s_per_million"])
                                      for count, one in summary.items()]}, logarithmic="x 2")
    return summary


def scaling(rounds: int, out: Path | None) -> dict:
    document = {"throughput": throughput_table(rounds, out)}
    print()
    document["busy"] = cost_table(rounds, out)
    document["idle"] = unused = measure(idle, f"{IDLE_COUNT} idle republishers")
    print(f"\n{IDLE_COUNT} idle republishers, each {unused['of_a_core_mean']:.3%} of a core, "
          f"at most {unused['of_a_core_most']:.3%}; ingestor {unused['ingestor_of_a_core']:.2%}, "
          f"reporter {unused['reporter_of_a_core']:.2%}")
    return document
