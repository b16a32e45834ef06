"""relay: links and executables beside bare PUSH/PULL, over windows, transports, republishers."""

from pathlib import Path

from bench import plot, relay
from bench.rounds import in_turns, median
from supervisor import text

RAW_BATCH = 500


def cases() -> dict:
    """By the name in the table: what is measured in turns."""
    found = {
        "PUSH/PULL, 1 a message": lambda: relay.raw(1),
        f"PUSH/PULL, {RAW_BATCH} a message": lambda: relay.raw(RAW_BATCH),
    }
    for max_demand in relay.WINDOWS:
        found[f"link, max_demand {max_demand}"] = lambda n=max_demand: relay.link(n)
    found["link, max_demand 10000, ipc"] = lambda: relay.link(10000, "ipc")
    found["link, max_demand 10000, 4 relays"] = lambda: relay.link(10000, relays=4)
    for max_demand in relay.WINDOWS:
        found[f"executables, max_demand {max_demand}"] = lambda n=max_demand: relay.executables(n)
    found["executables, max_demand 10000, ipc"] = lambda: relay.executables(10000, "ipc")
    found["executables, max_demand 10000, 4 republishers"] = \
        lambda: relay.executables(10000, relays=4)
    return found


def relay_table(rounds: int, out: Path | None) -> dict:
    results = in_turns(cases(), rounds)
    limit = median(results[f"PUSH/PULL, {RAW_BATCH} a message"], "events_per_s")
    summary, rows = {}, []
    for name, measured in results.items():
        rate = median(measured, "events_per_s")
        memory = {stage: max(one["memory_bytes"][stage] for one in measured)
                  for stage in measured[0]["memory_bytes"]}
        summary[name] = {"events_per_s": rate, "of_the_limit": rate / limit,
                         "cpu_s_per_million": median(measured, "cpu_s_per_million"),
                         "memory_bytes": memory, "rounds": measured}
        rows.append([name, text.number(round(rate)), f"{rate / limit:.2%}",
                     f"{summary[name]['cpu_s_per_million']:.2f}",
                     " / ".join(f"{value / (1 << 20):.0f}" for value in memory.values())])
    print("\n".join(text.table(
        ["", "events/s", "of the limit", "CPU s per million", "resident MiB, last to first"], rows)))
    if out:
        plot.bars(out / "relay.svg", "Events a second, end to end",
                  {name: one["events_per_s"] for name, one in summary.items()})
    return summary
