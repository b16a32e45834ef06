"""The table and the verdict."""

import json
from collections import Counter
from pathlib import Path

from chaos import journal as journals
from chaos import pipeline, plan
from chaos.plan import KINDS_OF_STAGE
from supervisor import text

RECOVERY_S = 4.0  # p99, after a kill: the dead time, a retry and a round trip
GOODBYE_S = 0.5   # p99, after a goodbye
ENOUGH = 30       # recoveries, to speak of p99
MANY = 100        # kills of a kind of process, of which so many recoveries are to be undisturbed


def percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


def collect(run) -> dict:
    """Everything that was measured, for JSON; `failures` says why the run failed."""
    account, watch, faults, journal = run.account, run.watch, run.faults, run.journal
    flagged, unflagged = watch.repeated
    again = journals.sent_again(journal, faults.kills)
    restarts = [kill.again for kill in faults.kills if kill.again is not None]
    result = {
        "seed": run.seed, "seconds": round(run.seconds, 1), "load_average": run.load,
        "source": run.source_kind, "cpus": run.cpus,
        "faults": [{"kind": kind, "of": of, "count": count}
                   for (kind, of), count in sorted(faults.done.items())],
        "account": {key: value for key, value in vars(account).items() if key != "examples"},
        "received_again": {"flagged": flagged, "unflagged": max(unflagged, journal.unflagged)},
        "again_per_republisher_kill": {
            "kills": len(again), "p50": percentile(again, 0.5), "most": max(again, default=0),
            "max_demand": pipeline.MAX_DEMAND},
        "again_per_ingestor_kill": {
            "kills": len(restarts), "p50": percentile([again.posts for again in restarts], 0.5),
            "most": max((again.posts for again in restarts), default=0),
            "window_s": _window(restarts),
            "overdue": sum(again.overdue for again in restarts)},
        "recovery_s": times(faults.recoveries, faults.disturbed),
        "goodbye_s": times(faults.goodbyes, faults.disturbed),
        "peak_memory_bytes": {kind: max(stage.peak_bytes for stage in run.line.ever
                                        if stage.kind == kind) for kind in KINDS_OF_STAGE},
        "descriptors": {kind: watch.descriptors[kind].told() for kind in KINDS_OF_STAGE
                        if kind in watch.descriptors},
        "samples": watch.samples,
        "most_in_flight_of_limit": {key: round(value, 3)
                                    for key, value in sorted(watch.most_in_flight.items())},
        "longest_without_settlement_s": round(watch.longest_still, 2),
        "sessions_ended": {f"{link}: {reason}": count
                           for (link, reason), count in sorted(journal.reasons.items())},
        "slow": faults.slow, "skipped": run.skipped,
    }
    result["failures"] = _failures(run, result)
    return result


def _window(restarts) -> dict:
    return {"p50": round(percentile([again.window for again in restarts], 0.5), 3),
            "most": round(max((again.window for again in restarts), default=0), 3)}


def times(by_kind: dict, disturbed) -> dict:
    return {kind: {"count": len(values), "p50": round(percentile(values, 0.5), 3),
                   "p99": round(percentile(values, 0.99), 3), "most": round(max(values), 3),
                   "disturbed": disturbed[kind]}
            for kind, values in sorted(by_kind.items()) if values}


def _failures(run, result: dict) -> list[str]:
    told = list(run.failures) + run.faults.failures + run.account.failures()
    if unflagged := result["received_again"]["unflagged"]:
        told.append(f"{unflagged:,} publications came again without the flag")
    again = result["again_per_republisher_kill"]
    if again["most"] > again["max_demand"]:
        told.append(f"after the kill of a republisher {again['most']} posts came again")
    told += [f"the ingestor with pid {kill.pid} had settled {kill.again.overdue} posts "
             f"{kill.again.window * 1000:.0f} ms before its kill that its successor sent again "
             f"(hindered for {kill.again.hindered * 1000:.0f} ms)"
             for kill in run.faults.kills if kill.again and kill.again.overdue]
    told += _not_killed(run) + late(result)
    back = [seconds for kind in plan.RESTARTED for seconds in run.faults.goodbyes[f"{kind} back"]]
    if len(back) >= ENOUGH and percentile(back, 0.99) > GOODBYE_S:
        told.append(f"recovery after a goodbye took {percentile(back, 0.99):.2f} s (p99)")
    told += run.watch.excesses[:5] + run.watch.stalls + run.journal.broken
    return told


def _not_killed(run) -> list[str]:
    done = Counter(kill.kind for kill in run.faults.kills)
    return [f"{done[kind]} kills of {kind}s instead of {wanted}"
            for kind, wanted in Counter(plan.killed(run.kills)).items() if done[kind] != wanted]


def late(result: dict) -> list[str]:
    told = []
    for kind, one in result["recovery_s"].items():
        if not kind.startswith("kill"):
            continue
        if one["count"] >= ENOUGH and one["p99"] > RECOVERY_S:
            told.append(f"recovery after the {kind} took {one['p99']:.2f} s (p99)")
        if one["count"] + one["disturbed"] >= MANY and one["count"] < ENOUGH:
            told.append(f"of the recoveries after the {kind} only {one['count']} were undisturbed")
    return told


def lines(result: dict) -> list[str]:
    shown = [f"seed {result['seed']}, {text.duration(result['seconds'])}, {result['cpus']} CPUs, "
             f"load average {result['load_average']:.1f}, source {result['source']}", ""]
    shown += text.table(["fault", "of", "count"], [
        [one["kind"], one["of"], text.number(one["count"])] for one in result["faults"]], left=2)
    account, again = result["account"], result["received_again"]
    killed, restarted = result["again_per_republisher_kill"], result["again_per_ingestor_kill"]
    shown += ["", *text.table(["account", ""], [
        ["posts that the source gave", text.number(account["posts"])],
        ["publications expected", text.number(account["expected"])],
        ["rows", text.number(account["rows"])],
        ["lost", text.number(account["lost"])],
        ["doubled", text.number(account["doubled"])],
        ["unexpected", text.number(account["unexpected"])],
        ["not published", text.number(account["unpublished"])],
        ["rows flagged redelivered", text.number(account["redelivered"])],
        ["records received again, flagged", text.number(again["flagged"])],
        ["records received again, not flagged", text.number(again["unflagged"])],
        [f"posts again after the kill of a republisher (of at most {killed['max_demand']})",
         f"p50 {killed['p50']:.0f}, most {killed['most']:.0f}, {killed['kills']} kills"],
        ["posts again after the kill of an ingestor",
         f"p50 {restarted['p50']:.0f}, most {restarted['most']:.0f}, {restarted['kills']} kills"],
        ["  of those, settled 100 ms before the kill or earlier "
         f"(looked {restarted['window_s']['p50'] * 1000:.0f} ms before, p50, at most "
         f"{restarted['window_s']['most'] * 1000:.0f} ms)", text.number(restarted["overdue"])],
    ])]
    shown += ["", *(f"slow: {line}" for line in result["slow"])] if result["slow"] else []
    for title, key in (("first settlement after", "recovery_s"), ("goodbyes", "goodbye_s")):
        shown += ["", *text.table([title, "count", "p50 s", "p99 s", "most s", "disturbed"], [
            [kind, str(one["count"]), f"{one['p50']:.2f}", f"{one['p99']:.2f}",
             f"{one['most']:.2f}", str(one["disturbed"])] for kind, one in result[key].items()])]
    shown += ["", *text.table(
        ["process", "largest memory", "descriptors at the begin", "at the end", "most"], [
            [kind, text.size(value), *(text.number(result["descriptors"].get(kind, {}).get(when))
                                       for when in ("begin", "end", "most"))]
            for kind, value in result["peak_memory_bytes"].items()])]
    shown += ["", *text.table(["in flight", "most, of the limit"], [
        [kind, text.percent(value)] for kind, value in result["most_in_flight_of_limit"].items()])]
    shown += [f"in {result['samples']:,} samples; longest time without a settlement though all were"
              f" there: {result['longest_without_settlement_s']:.1f} s"]
    shown += ["", *text.table(["sessions ended", "count"], [
        [why, text.number(count)] for why, count in result["sessions_ended"].items()]), ""]
    shown += [f"skipped: {why}" for why in result["skipped"]]
    shown += [f"FAILED: {line}" for line in result["failures"]]
    if not result["failures"]:
        shown.append("nothing lost, nothing doubled, nothing unflagged")
    return shown


def write(folder: Path, result: dict) -> None:
    (folder / "chaos.json").write_text(json.dumps(result, indent=1) + "\n")
    (folder / "chaos.txt").write_text("\n".join(lines(result)) + "\n")
