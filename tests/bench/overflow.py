"""overflow: a fast ingestor and a slow republisher, with and without a bound on what is in flight:
the queue between them and the memory of all, over time."""

import contextlib
import time
from pathlib import Path

from bench import plot
from bench.pipeline import Pipeline
from bench.stages import Stages
from supervisor import text

INGESTOR_MS, REPUBLISHER_MS, REPORTER_MS = 1, 10, 2
TEXT_BYTES = 2000
UNBOUNDED = 100_000  # the most that the protocol allows
BOUNDED = 100
SECONDS = 300
SETTLED_AFTER_S = 30  # from here on the memory of the bounded one must stand still
COLOURS = {"ingestor": "#0072b2", "republisher": "#d55e00", "reporter": "#009e73"}
SPREAD_BYTES = 2 << 20


def begin(stages: Stages, max_demand: int) -> Pipeline:
    pipeline = Pipeline(stages, f"simulated:?cost_ms={INGESTOR_MS}&bytes={TEXT_BYTES}",
                        target=f"null:?cost_ms={REPUBLISHER_MS}", cost_ms=REPORTER_MS,
                        max_demand=max_demand)
    pipeline.scale(1)
    return pipeline


def sample(pipeline: Pipeline) -> dict:
    """The queue: posts that the ingestor has read and that are not settled."""
    metrics = pipeline.metrics("ingestor")
    read, settled = metrics["pullwire_source_posts_total"], metrics["pullwire_events_settled_total"]
    memory = {name.split()[0]: value for name, value in pipeline.stages.memory().items()}
    return {"queue": read - settled, "settled": settled, **memory}


def watch(seconds: float) -> dict[int, list[dict]]:
    """Both pipelines side by side; a sample of each every second."""
    samples = {UNBOUNDED: [], BOUNDED: []}
    with contextlib.ExitStack() as stack:
        pipelines = {max_demand: begin(stack.enter_context(Stages()), max_demand)
                     for max_demand in samples}
        begun = time.monotonic()
        while (now := time.monotonic() - begun) <= seconds:
            for max_demand, pipeline in pipelines.items():
                pipeline.stages.check_alive()
                samples[max_demand].append({"second": now, **sample(pipeline)})
            time.sleep(max(0.0, begun + len(samples[BOUNDED]) - time.monotonic()))
    return samples


def spread(samples: list[dict], stage: str) -> int | None:
    """Between the least and the most memory once it should stand still."""
    values = [one[stage] for one in samples if one["second"] >= SETTLED_AFTER_S]
    return max(values) - min(values) if values else None


def draw(path: Path, samples: dict[int, list[dict]]) -> None:
    def points(max_demand: int, key: str, unit: float):
        return [(one["second"], one[key] / unit) for one in samples[max_demand]]

    queue = [plot.Line(f"max_demand {max_demand:,}", points(max_demand, "queue", 1000), "#000000",
                       dashed=max_demand == UNBOUNDED) for max_demand in samples]
    memory = [plot.Line(f"{stage}, max_demand {max_demand:,}",
                        points(max_demand, stage, 1 << 20), colour, max_demand == UNBOUNDED)
              for max_demand in samples for stage, colour in COLOURS.items()]
    plot.panels(path, "seconds", [
        plot.Panel(f"Posts between ingestor ({INGESTOR_MS} ms a post) and republisher "
                   f"({REPUBLISHER_MS} ms)", "thousands", queue),
        plot.Panel("Resident memory", "MiB", memory)])


def overflow(_rounds: int, out: Path | None, seconds: float = SECONDS) -> dict:
    samples = watch(seconds)
    summary, rows = {}, []
    for max_demand, taken in samples.items():
        last = taken[-1]
        spreads = {stage: spread(taken, stage) for stage in COLOURS}
        summary[max_demand] = {
            "queue_most": max(one["queue"] for one in taken),
            "posts_per_s": (last["settled"] - taken[0]["settled"])
                           / (last["second"] - taken[0]["second"]),
            "memory_most": {stage: max(one[stage] for one in taken) for stage in COLOURS},
            "memory_spread": spreads,
            "stands_still": None not in spreads.values()
                            and max(spreads.values()) <= SPREAD_BYTES,
            "samples": taken}
        rows.append([text.number(max_demand), text.number(round(summary[max_demand]["queue_most"])),
                     f"{summary[max_demand]['posts_per_s']:.1f}",
                     " / ".join(f"{summary[max_demand]['memory_most'][stage] / (1 << 20):.0f}"
                                for stage in COLOURS),
                     " / ".join("-" if value is None else f"{value / (1 << 20):.2f}"
                                for value in spreads.values())])
    print("\n".join(text.table(
        ["max_demand", "most posts waiting", "posts/s", f"MiB, most: {', '.join(COLOURS)}",
         f"MiB between least and most after {SETTLED_AFTER_S} s"], rows)))
    still = summary[BOUNDED]["stands_still"]
    if seconds > SETTLED_AFTER_S:
        print(f"with {BOUNDED}, the memory of every process "
              f"{'stays' if still else 'does NOT stay'} within {SPREAD_BYTES >> 20} MiB")
    if out:
        draw(out / "overflow.svg", samples)
    return summary
