"""Which faults happen and when: a function of the seed, the number of kills and what is permitted."""

import random
from dataclasses import dataclass

KINDS_OF_STAGE = ("ingestor", "republisher", "reporter")
RESTARTED = ("ingestor", "reporter")  # republishers leave and join
OTHERS_PER_KILL = 0.4
MAX_GAPS = 4        # no gap is longer than so many mean ones
LATE_RESTART = 0.1  # the part of the kills after which the others notice that somebody is missing

# Seconds: (shortest, longest). A peer counts as dead after 2.5 s.
SHORT, LONG = (0.2, 2.0), (3.0, 5.0)
DELAYED_S, DELAY_MS = (1.0, 3.0), (30, 400)
QUICK_RESTART_S, LATE_RESTART_S = (0.0, 0.3), (2.6, 4.0)

NETWORK = {"reset", "delay", "hole", "long hole"}
PARTITION = {"partition", "long partition"}
PROCESS = {"stop", "long stop", "restart", "scale up", "scale down"}
OTHER_KINDS = sorted(NETWORK | PARTITION | PROCESS)


@dataclass(frozen=True)
class Fault:
    kind: str           # "kill" or one of OTHER_KINDS
    gap: float          # seconds after the fault before it
    stage: str = ""     # of processes: which kind of them
    pick: float = 0.0   # which one of those there are, 0 <= pick < 1
    seconds: float = 0.0  # how long it lasts; of a kill: until the process is started again
    links: tuple = ()   # of networks: "posts", "publications"
    way: str = "both"   # of a hole: "in", "out", "both"; of a partition: the end that goes down
    ms: int = 0         # of a delay


def killed(kills: int) -> list[str]:
    """The kinds of processes, each with a third of the kills."""
    return [KINDS_OF_STAGE[i % len(KINDS_OF_STAGE)] for i in range(kills)]


def make(kills: int, seed: int, mean_gap: float, partitions: bool) -> list[Fault]:
    """Every kind of process gets a third of the kills; of every other kind of fault there is one
    at least, of restarts one of each stage."""
    rng = random.Random(seed)
    drafts = [("kill", stage) for stage in killed(kills)]
    kinds = [kind for kind in OTHER_KINDS if partitions or kind not in PARTITION]
    each = max(1, round(kills * OTHERS_PER_KILL / len(kinds)))
    for kind in kinds:
        shift = rng.randrange(6)  # a single one is not always the ingestor's
        stages = RESTARTED if kind == "restart" else KINDS_OF_STAGE
        for i in range(each * len(RESTARTED) if kind == "restart" else each):
            drafts.append((kind, stages[(i + shift) % len(stages)] if kind in (
                "stop", "long stop", "restart") else ""))
    rng.shuffle(drafts)
    return [_detail(rng, kind, stage, mean_gap) for kind, stage in drafts]


def _detail(rng: random.Random, kind: str, stage: str, mean_gap: float) -> Fault:
    # Every fault draws the same numbers, whatever it needs of them.
    gap = min(rng.expovariate(1 / mean_gap), MAX_GAPS * mean_gap)
    pick, fraction, late = rng.random(), rng.random(), rng.random() < LATE_RESTART
    links = rng.choice((("posts",), ("publications",), ("posts", "publications")))
    way = rng.choice(("in", "out", "both"))
    span = {"kill": LATE_RESTART_S if late else QUICK_RESTART_S, "delay": DELAYED_S,
            "stop": SHORT, "hole": SHORT, "partition": SHORT,
            "long stop": LONG, "long hole": LONG, "long partition": LONG}.get(kind, (0, 0))
    return Fault(kind=kind, gap=round(gap, 3), stage=stage, pick=pick,
                 seconds=round(span[0] + fraction * (span[1] - span[0]), 3), links=links, way=way,
                 ms=round(DELAY_MS[0] + fraction * (DELAY_MS[1] - DELAY_MS[0])))
