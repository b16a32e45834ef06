"""render: documents a second by format, on one core, of the bundled sample posts."""

import json
import subprocess
from pathlib import Path

from bench import plot
from bench.rounds import in_turns, median
from bench.stages import BIN, PATIENCE_S, Failed
from supervisor import text

FORMATS = ("html", "markdown", "text", "json", "pdf")
SECONDS = 2.0  # of one format, in each round
POSTS = Path(__file__).resolve().parents[2] / "scripts/sample/posts.jsonl"


def documents(form: str) -> dict:
    """A second is one of the renderer's own: what others do meanwhile does not count."""
    try:
        done = subprocess.run(
            [BIN / "bench_render", "--posts", POSTS, "--format", form, "--seconds", str(SECONDS)],
            text=True, capture_output=True, timeout=SECONDS + PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise Failed(f"{form} has not been rendered within {SECONDS + PATIENCE_S:.0f} s") from None
    if done.returncode != 0:
        raise Failed(f"{form} could not be rendered: {done.stderr.strip()[-500:]}")
    made = json.loads(done.stdout)
    return {**made, "documents_per_s": made["documents"] / made["seconds"],
            "bytes_per_document": made["bytes"] / made["documents"]}


def render(rounds: int, out: Path | None) -> dict:
    results = in_turns({form: lambda f=form: documents(f) for form in FORMATS}, rounds)
    summary = {form: {"documents_per_s": median(measured, "documents_per_s"),
                      "bytes_per_document": median(measured, "bytes_per_document"),
                      "rounds": measured}
               for form, measured in results.items()}
    print("\n".join(text.table(["format", "documents/s", "us a document", "bytes a document"], [
        [form, text.number(round(one["documents_per_s"])),
         text.number(1e6 / one["documents_per_s"]), text.number(round(one["bytes_per_document"]))]
        for form, one in summary.items()])))
    if out:
        plot.bars(out / "render.svg", "Documents a second, on one core",
                  {form: one["documents_per_s"] for form, one in summary.items()})
    return summary
