"""Model card of a pruned checkpoint: dropped layers, criterion, and change of every quantity."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from keepfaith.config.probabilities import judged_probabilities
from keepfaith.figures.cell_tables import series
from keepfaith.figures.labels import method_name, quantity_name
from keepfaith.plugins.export_format import EXPORT_FORMATS
from keepfaith.plugins.quantity import QUANTITIES
from keepfaith.report.tables import number


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
    pooled: pl.DataFrame | None = None,
) -> str:
    """Markdown.

    Args:
        name, source, revision: of the dense model.
        format: a name of `EXPORT_FORMATS`.
        level: the exported level.
        dropped: its dropped components in words, in order.
        order: the order's definition.
        text: the calibration text of the ranking, if the criterion reads any.
        results: per task, the study's tables.
        pooled: POOLED of these tasks.
    """
    chosen = EXPORT_FORMATS.load(format)
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
        "The weights have the dtype in the configuration of their model.",
        "",
        "## How to load it",
        "",
        chosen.usage.rstrip(),
        "",
        f"When it was written, it was {chosen.checked}, and its logits compared with those of the pruned model.",
        "",
        *what_it_cost(level, results, pooled),
    ]
    return "\n".join(lines) + "\n"


def what_it_cost(
    level: int, results: Sequence[TaskResult], pooled: pl.DataFrame | None = None
) -> list[str]:
    """Lines of the section on accuracy, calibration and explanations, for the card of any copy of this level.

    Args:
        level: the level of the card.
        results: per task, the study's tables.
        pooled: POOLED of these tasks.
    """
    lines = [
        "## What it cost",
        "",
        "Each quantity at level 0 (dense) and here. Verdict: *kept* (non-inferior), the harm is shown to stay within "
        "the margin; *degraded* (inferior), it is shown to exceed the margin; *harmed* (worse than dense), it is shown "
        "to exceed zero, and may lie on either side of the margin; *undecided* (inconclusive), none of these.",
        "",
        *_probabilities(results),
        "| task | quantity | dense | here | change, with its interval | verdict |",
        "|---|---|---|---|---|---|",
    ]
    if pooled is not None:
        lines += _pooled_rows(pooled.filter(pl.col("left_out").is_null(), pl.col("level") == level))
    for result in results:
        lines += _rows(result, level)
    return lines


def _probabilities(results: Sequence[TaskResult]) -> list[str]:
    """The sentence of what was judged, if that is not the sums, and an empty line."""
    units = {unit for result in results for unit in result.verdict["probabilities"].drop_nulls()}
    notes = [note for unit in sorted(units) for note in judged_probabilities(unit)]
    return [line for note in notes for line in (note, "")]


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
        quantity = QUANTITIES.load(name)
        shown = series(result.metrics, quantity.metric, method)
        found = {row["level"]: row for row in shown.iter_rows(named=True)}
        if level not in found:
            continue
        here = found[level]
        label = quantity.label + (f", {method_name(method)}" if method else "")
        interval = f"{number(here['change_low'])} to {number(here['change_high'])}"
        rows.append(
            f"| {result.task} | {label} | {number(found[0]['value'])} | {number(here['value'])} "
            f"| {number(here['change'])} ({interval}) | {judged.get((name, method), unjudged)} |"
        )
    return rows


def _pooled_rows(pooled: pl.DataFrame) -> list[str]:
    """Changes in the mean over tasks, of one level."""
    rows = []
    for row in pooled.iter_rows(named=True):
        sign = QUANTITIES.load(row["quantity"]).harmful
        change, *ends = (
            None if row[name] is None else sign * row[name]
            for name in ("harm", *(("harm_low", "harm_high")[::sign]))
        )
        label = quantity_name(row["quantity"], row["method"])
        rows.append(
            f"| mean over {row['tasks']} tasks | {label} | | | {number(change)} ({number(ends[0])} to "
            f"{number(ends[1])}) | {row['status']} |"
        )
    return rows
