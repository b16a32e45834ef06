"""durable: posts to SQLite, alone and beside a static site: how many, what is written for each,
and where the time goes."""

import os
import statistics
import time
from pathlib import Path

from bench import machine, plot
from bench.pipeline import Pipeline
from bench.relay import TEXT_BYTES
from bench.rounds import in_turns, median
from bench.stages import Failed, Stages
from supervisor import text

WARM_UP_S = 2.0
WINDOW_S = 8.0
SYNCS = 50
IN_MEMORY = ("tmpfs", "ramfs")
CASES = {
    "null: (text)": {"target": "null:", "formats": ("text",), "max_demand": 10_000},
    "site (html, text)": {"target": "directory:site", "formats": ("html", "text"),
                              "max_demand": 1000},
}


def disk() -> dict:
    """Where databases and sites of the benchmark lie, and what safety costs there."""
    with Stages() as stages:
        kind, device = machine.filesystem(stages.folder)
        if kind in IN_MEMORY:
            raise Failed(f"{stages.folder} is {kind}, no disk: set TMPDIR to a folder on one")
        seconds = []
        with (stages.folder / "synced").open("wb", buffering=0) as file:
            for _ in range(SYNCS):
                begun = time.monotonic()
                file.write(bytes(4096))
                os.fdatasync(file.fileno())
                seconds.append(time.monotonic() - begun)
    return {"filesystem": kind, "device": device, "fdatasync_s": statistics.median(seconds)}


def look(pipeline: Pipeline) -> dict[str, float]:
    """Totals so far."""
    reporter, ingestor = pipeline.metrics("reporter"), pipeline.metrics("ingestor")
    totals = {"seconds": time.monotonic(),
              "publications": reporter["pullwire_publications_total"],
              "posts": ingestor["pullwire_events_settled_total"],
              "commits": reporter["pullwire_commit_seconds_count"],
              "commit_s": reporter["pullwire_commit_seconds_sum"]}
    for name, process in pipeline.stages.processes.items():
        totals[f"written {name.split()[0]}"] = machine.written_bytes(process.pid)
        for thread, used in machine.thread_seconds(process.pid).items():
            totals[f"cpu {name.split()[0]} {thread}"] = used
    return totals


def part(totals: dict[str, float], kind: str, of: float) -> dict[str, float]:
    return {name.removeprefix(kind): value / of for name, value in totals.items()
            if name.startswith(kind)}


def run(target: str, formats, max_demand: int) -> dict:
    with Stages() as stages:
        pipeline = Pipeline(stages, f"simulated:?bytes={TEXT_BYTES}", target=target,
                            formats=formats, max_demand=max_demand, database="sqlite:reports.db")
        pipeline.scale(1)
        pipeline.recorded.wait_for_first()
        time.sleep(WARM_UP_S)
        before = look(pipeline)
        time.sleep(WINDOW_S)
        after = look(pipeline)
        stages.check_alive()
    grown = {name: value - before.get(name, 0.0) for name, value in after.items()}
    seconds, publications = grown["seconds"], grown["publications"]
    if publications <= 0:
        raise Failed(f"nothing was recorded in {seconds:.1f} s")
    return {"publications_per_s": publications / seconds, "posts_per_s": grown["posts"] / seconds,
            "cpu_s_per_million": 1e6 * sum(part(grown, "cpu ", publications).values()),
            "commits_per_s": grown["commits"] / seconds,
            "publications_per_commit": publications / grown["commits"],
            "in_commits": grown["commit_s"] / seconds,
            "written_per_publication": part(grown, "written ", publications),
            "of_a_core": part(grown, "cpu ", seconds)}


def medians(measured: list[dict], key: str) -> dict[str, float]:
    return {name: statistics.median(one[key][name] for one in measured)
            for name in measured[0][key]}


def durable(rounds: int, out: Path | None) -> dict:
    place = disk()
    print(f"on {place['filesystem']} ({place['device']}), where 4 KiB are safe after "
          f"{1e3 * place['fdatasync_s']:.2f} ms")
    results = in_turns({name: lambda case=case: run(**case) for name, case in CASES.items()},
                       rounds)
    keys = ("publications_per_s", "posts_per_s", "cpu_s_per_million", "commits_per_s",
            "publications_per_commit", "in_commits")
    summary = {name: {**{key: median(measured, key) for key in keys},
                      "written_per_publication": medians(measured, "written_per_publication"),
                      "of_a_core": medians(measured, "of_a_core"), "rounds": measured}
               for name, measured in results.items()}
    print("\n".join(text.table(
        ["", "publications/s", "posts/s", "CPU s per million", "commits/s", "records a commit",
         "committing"],
        [[name, *(text.number(round(one[key])) for key in keys[:-1]), f"{one['in_commits']:.0%}"]
         for name, one in summary.items()])))
    for key, what, shown in (
            ("written_per_publication", "bytes written for a publication", "{:,.0f}"),
            ("of_a_core", "share of a core", "{:.1%}")):
        names = sorted({name for one in summary.values() for name in one[key]})
        print("\n" + "\n".join(text.table([what, *summary], [
            [name, *(shown.format(one[key].get(name, 0.0)) for one in summary.values())]
            for name in names])))
    if out:
        plot.stacks(out / "durable.svg", "Where the time goes, by process and thread",
                    "share of a core", {name: one["of_a_core"] for name, one in summary.items()})
    return {"disk": place, **summary}
