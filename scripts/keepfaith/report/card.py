"""The model card of a pruned checkpoint: what was dropped, by which criterion, and what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from keepfaith.figures.labels import method_name, quantity
from keepfaith.figures.unit import series
from keepfaith.report.tables import number
from keepfaith.statistics.verdict import WATCHED

_USE = {
    "slim": """This folder lacks the weights of what was dropped. Other loaders would fill them at random, so the
folder names a model type that they refuse. Load it with keepfaith installed (`pip install .` in its folder):

    from keepfaith.models.loading import load_model, load_tokenizer
    model, tokenizer = load_model(folder), load_tokenizer(folder)
""",
    "zero_filled": """All shapes are those of the dense model, the dropped weights are zero: it loads anywhere and saves
neither memory nor time.

    from transformers import AutoModelForCausalLM
    model = AutoModelForCausalLM.from_pretrained(folder)
""",
    "nemotron_nas": """This folder lacks the weights of what was dropped. It has the format of Nemotron-NAS models,
which vLLM (`vllm serve <folder>`) and MLX (`mlx_lm.load`) read.
""",
}


@dataclass(frozen=True)
class TaskResult:
    """METRICS and VERDICT of one task."""

    task: str
    metrics: pl.DataFrame
    verdict: pl.DataFrame


def model_card(
    name: str,
    source: str,
    revision: str | None,
    format: str,
    level: int,
    dropped: Sequence[str],
    order: dict[str, Any],
    text: dict[str, Any] | None,
    results: Sequence[TaskResult],
) -> str:
    """Markdown.

    Args:
        name, source, revision: of the dense model.
        format: `slim`, `zero_filled` or `nemotron_nas`.
        level: the exported level.
        dropped: what it drops, in words, first dropped first.
        order: the order's definition.
        text: the calibration text that it was ranked on, if its criterion reads any.
        results: per task, the study's tables.
    """
    lines = [
        f"# {name}, level {level}",
        "",
        f"Made by keepfaith from {source}" + (f", revision {revision}" if revision else "") + ".",
        "",
        f"Dropped, in this order: {'; '.join(dropped) or 'nothing'}. Criterion: {order['criterion']}"
        + (", reversed" if order["reverse"] else "")
        + (f" ({order['citation']})" if order["citation"] else "")
        + ".",
        "",
        _calibration(text),
        "",
        "The weights have the dtype that the configuration of their model names.",
        "",
        "## How to load it",
        "",
        _USE[format].rstrip(),
        "",
        "## What it cost",
        "",
        "Each quantity at level 0 (dense) and here. Verdict: *kept*, the harm is shown to stay within the margin; "
        "*degraded*, harm is shown (above zero) and its estimate exceeds the margin; *undecided*, neither.",
        "",
        "| task | quantity | dense | here | change, with its interval | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for result in results:
        lines += _rows(result, level)
    return "\n".join(lines) + "\n"


def _calibration(text: dict[str, Any] | None) -> str:
    if text is None:
        return "The criterion reads no calibration text."
    source = text["source"]
    named = source.get("repository") or source.get("path")
    return (
        f"Calibration text: {source['kind']}{f' ({named})' if named else ''}, {text['samples']} samples of up to "
        f"{text['sample_tokens']} tokens, seed {text['seed']}."
    )


def _rows(result: TaskResult, level: int) -> list[str]:
    rows = []
    judged = {
        (row["quantity"], row["method"]): row["status"]
        for row in result.verdict.filter(level=level).iter_rows(named=True)
    }
    unjudged = "not judged" if level else "dense"
    watched = result.verdict.select("quantity", "method").unique(maintain_order=True)
    for name, method in watched.iter_rows():
        found = {
            row["level"]: row
            for row in series(result.metrics, WATCHED[name].metric, method).iter_rows(named=True)
        }
        if level not in found:
            continue
        here = found[level]
        label = quantity(name).name + (f", {method_name(method)}" if method else "")
        interval = f"{number(here['change_low'])} to {number(here['change_high'])}"
        rows.append(
            f"| {result.task} | {label} | {number(found[0]['value'])} | {number(here['value'])} "
            f"| {number(here['change'])} ({interval}) | {judged.get((name, method), unjudged)} |"
        )
    return rows
