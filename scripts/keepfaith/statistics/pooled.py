"""The pooled verdict: every judged quantity in the mean over the tasks of one model and order.

Only METRICS of the tasks are needed (`combined`). The mean is over the tasks that have the quantity and in which the
dense model has more than the margin to lose; that depends on the dense model alone, so leaving the others out does not
favour a small harm. Beside each mean: the worst task, and in how many tasks the quantity is kept, or degraded, so that
a mean does not hide a broken task. "Kept in every task" is an intersection-union test, which needs no correction;
"degraded in t tasks" is corrected over the tasks of a level.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from keepfaith.artifacts.schemas import POOLED
from keepfaith.artifacts.tables import conform, empty_table
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.quantity import Quantity, judged_quantities
from keepfaith.statistics.clusters import MINIMUM_CLUSTERS
from keepfaith.statistics.combined import (
    at_steps,
    heterogeneity,
    mean_of_tasks,
    unseen_mean_harm,
)
from keepfaith.statistics.evidence import beyond_margin
from keepfaith.statistics.quantity_rows import QuantityRows
from keepfaith.statistics.verdict import (
    DEGRADED,
    HARMED,
    KEPT,
    UNDECIDED,
    judged_rows,
    verdict,
)

FEWEST_TASKS = 2

NOT_MEASURED, TOO_FEW_TEXTS, TOO_LITTLE = (
    "no value",
    "too few independent texts",
    "too little above chance to lose",
)
"""Reasons why a task is not in the mean."""

_DECIMALS = 12
"""Digits kept, as in METRICS."""

_Key = tuple[str, str | None]
"""Quantity and method."""


@dataclass(frozen=True)
class _Point:
    """The harm of one task at one level, with its interval at Holm's confidences.

    Attributes:
        harm: the estimate.
        low, high: [S], ends at 1 - alpha / 1, 1 - alpha / 2, ...
        texts: number of independent texts, if known.
    """

    harm: float
    low: tuple[float, ...]
    high: tuple[float, ...]
    texts: int | None


@dataclass(frozen=True)
class _OfTask:
    """One quantity and method of one task.

    Attributes:
        points: by level, where there is an interval.
        harms: by level, where there is an estimate.
        statuses: by level, of the task's own verdict.
        vacuous: the dense model has too little to lose.
    """

    points: Mapping[int, _Point]
    harms: Mapping[int, float]
    statuses: Mapping[int, str]
    vacuous: bool

    @property
    def not_pooled(self) -> str | None:
        """Reason why it is not in the mean, or None."""
        if not self.harms:
            return NOT_MEASURED
        if not self.points:
            return TOO_FEW_TEXTS
        return TOO_LITTLE if self.vacuous else None


@dataclass(frozen=True)
class _Judged:
    """A quantity and method in all tasks."""

    name: str
    method: str | None
    watched: Quantity
    margin: float
    levels: Sequence[int]
    by_task: Mapping[str, _OfTask]


def pooled_verdict(
    metrics: Mapping[str, pl.DataFrame],
    margins: Mapping[str, float],
    *,
    confidence: float = 0.95,
    operator: str | None = None,
    explained: bool = True,
) -> pl.DataFrame:
    """POOLED of the tasks of one model and order, and of all but one of them where there are three or more.

    Kept: the upper end of the mean harm's interval is within the margin, and rare large harms that no text shows could
    not exceed it (`unseen_mean_harm`). Degraded: the mean harm is shown to exceed the margin, harmed: to exceed 0, both
    by the lower end at Holm's confidence over the levels. Undecided: none of these, fewer than two tasks in the mean,
    or no interval at that level in one of them.

    Args:
        metrics: METRICS by task.
        margins, confidence, operator, explained: as for `verdict`.

    Raises:
        ValueError: a margin is for a quantity that is not judged.
    """
    if len(metrics) < FEWEST_TASKS:
        return empty_table(POOLED)
    judged = list(_judged_in_all(metrics, margins, confidence, operator, explained))
    subsets: list[str | None] = [None]
    if len(metrics) > FEWEST_TASKS:
        subsets += list(metrics)
    rows = [
        row
        for left_out in subsets
        for each in judged
        for row in _rows(each, [task for task in metrics if task != left_out], left_out, confidence)
    ]
    table = pl.DataFrame(rows, schema=dict(POOLED.columns))
    return conform(table.with_columns(pl.col(pl.Float64).round(_DECIMALS)), POOLED)


def reasons_left_out(not_pooled: str) -> dict[str, str]:
    """The reason of every task that is not in a mean, as POOLED lists them.

    >>> reasons_left_out("rte (no value), boolq (too few independent texts)")
    {'rte': 'no value', 'boolq': 'too few independent texts'}
    """
    listed = (each.partition(" (") for each in not_pooled.removesuffix(")").split("), "))
    return {task: reason for task, _, reason in listed}


def _judged_in_all(
    metrics: Mapping[str, pl.DataFrame],
    margins: Mapping[str, float],
    confidence: float,
    operator: str | None,
    explained: bool,
) -> Iterator[_Judged]:
    """Every judged quantity and method of any task; without a method only where no task has any."""
    found: dict[_Key, dict[str, tuple[QuantityRows, _OfTask]]] = {}
    levels: set[int] = set()
    for task, table in metrics.items():
        own = verdict(table, margins, confidence=confidence, operator=operator, explained=explained)
        levels.update(own["level"].to_list())
        decided = own.partition_by("quantity", "method", as_dict=True)
        judged = judged_rows(table, margins, operator=operator, explained=explained)
        for each, margin in judged:
            key = each.name, each.method
            rows = decided.get(key, own.clear())
            found.setdefault(key, {})[task] = (each, _of_task(each, rows, margin))
    with_method = {name for name, method in found if method is not None}
    order = list(judged_quantities())
    absent = _OfTask({}, {}, {}, vacuous=False)
    for name, method in sorted(found, key=lambda key: (order.index(key[0]), key[1] or "")):
        if method is None and name in with_method:
            continue
        of_tasks = found[name, method]
        first = next(iter(of_tasks.values()))[0]
        by_task = {task: of_tasks[task][1] if task in of_tasks else absent for task in metrics}
        yield _Judged(name, method, first.quantity, margins[name], sorted(levels), by_task)


def _of_task(judged: QuantityRows, own: pl.DataFrame, margin: float) -> _OfTask:
    """From the quantity's METRICS and its rows of the task's VERDICT."""
    points = {}
    sign = judged.quantity.harmful
    ends = ("holm_low", "holm_high") if sign > 0 else ("holm_high", "holm_low")
    for row in judged.rows.iter_rows(named=True):
        low, high = (row[name] for name in ends)
        few = row["clusters"] is not None and row["clusters"] < MINIMUM_CLUSTERS
        if row["change"] is None or not low or not high or few:
            continue
        points[row["level"]] = _Point(
            sign * row["change"],
            tuple(sign * end for end in low),
            tuple(sign * end for end in high),
            row["clusters"],
        )
    harms = own.drop_nulls("harm").select("level", "harm")
    statuses = own.select("level", "status")
    return _OfTask(points, dict(harms.rows()), dict(statuses.rows()), judged.vacuous(margin))


def _rows(
    judged: _Judged, tasks: Sequence[str], left_out: str | None, confidence: float
) -> Iterator[dict[str, object]]:
    """One row per level of the mean over `tasks`."""
    reasons = {task: judged.by_task[task].not_pooled for task in tasks}
    pooled = [task for task in tasks if reasons[task] is None]
    others = ", ".join(f"{task} ({reason})" for task, reason in reasons.items() if reason)
    measured = [task for task in tasks if reasons[task] != NOT_MEASURED]
    means = {
        level: _mean([judged.by_task[task].points[level] for task in pooled], judged, confidence)
        for level in judged.levels
        if len(pooled) >= FEWEST_TASKS and not _missing(judged, pooled, level)
    }
    shown = {
        limit: dict(zip(means, beyond_margin([m.low.tolist() for m in means.values()], limit), strict=True))
        for limit in (0.0, judged.margin)
    }  # fmt: skip
    for level in judged.levels:
        mean = means.get(level)
        row: dict[str, object] = {
            "level": level,
            "quantity": judged.name,
            "method": judged.method,
            "left_out": left_out,
            "tasks": len(pooled),
            "not_pooled": others or None,
            "margin": judged.margin,
            "status": UNDECIDED,
            "measured_tasks": len(measured),
            **_single_tasks(judged, measured, level, confidence),
        }
        if mean is None:
            yield row | {"reason": _why_no_mean(judged, pooled, measured, level)}
            continue
        within = bool(mean.high[0] <= judged.margin)
        status = UNDECIDED
        if within and mean.unseen <= judged.margin:
            status = KEPT
        elif shown[0.0][level]:
            status = DEGRADED if shown[judged.margin][level] else HARMED
        few = within and status != KEPT
        yield row | {
            "harm": mean.harm,
            "harm_low": float(mean.low[0]),
            "harm_high": float(mean.high[0]),
            "status": status,
            "reason": _too_few(mean, judged) if few else None,
            "clusters": mean.texts,
            "heterogeneity": mean.heterogeneity,
        }


@dataclass(frozen=True)
class _Mean:
    """The mean harm of several tasks at one level.

    Attributes:
        harm: the mean.
        low, high: [S], ends at Holm's confidences.
        texts: independent texts of all tasks, if known.
        unseen: mean harm that rare harms can reach unseen; 0 where that is no question.
        heterogeneity: p-value of equal harms.
    """

    harm: float
    low: Floats
    high: Floats
    texts: int | None
    unseen: float
    heterogeneity: float | None


def _mean(points: Sequence[_Point], judged: _Judged, confidence: float) -> _Mean:
    steps = min(len(point.low) for point in points)
    harms = np.array([point.harm for point in points])  # [T]
    lows = np.array([point.low[:steps] for point in points])  # [T, S]
    highs = np.array([point.high[:steps] for point in points])
    low, high = mean_of_tasks(harms, lows, highs, biased=judged.watched.biased)
    texts = [point.texts for point in points if point.texts is not None]
    known = len(texts) == len(points)
    largest = judged.watched.largest
    return _Mean(
        float(harms.mean()),
        low,
        high,
        sum(texts) if known else None,
        unseen_mean_harm(texts, largest, confidence) if known and largest is not None else 0.0,
        heterogeneity(harms, lows[:, 0], highs[:, 0], confidence),
    )


def _missing(judged: _Judged, pooled: Iterable[str], level: int) -> list[str]:
    """Tasks of the mean without an interval at this level."""
    return [task for task in pooled if level not in judged.by_task[task].points]


def _why_no_mean(
    judged: _Judged, pooled: Sequence[str], measured: Sequence[str], level: int
) -> str:
    """Reason why there is no mean at a level."""
    if not measured:
        return "it was not measured"
    if len(pooled) < FEWEST_TASKS:
        return f"a mean over tasks needs at least {FEWEST_TASKS} in which it can be judged, not {len(pooled)}"
    return f"it has no interval at this level in {', '.join(_missing(judged, pooled, level))}"


def _too_few(mean: _Mean, judged: _Judged) -> str:
    return (
        f"{mean.texts} independent texts in all tasks together; rare harms of {judged.watched.largest:g} could reach a "
        f"mean over tasks of {mean.unseen:.3g}, which is beyond the margin, without being seen"
    )


def _single_tasks(
    judged: _Judged, measured: Sequence[str], level: int, confidence: float
) -> dict[str, object]:
    """The worst task, and the numbers of tasks that are kept and degraded, at one level."""
    harms = {task: judged.by_task[task].harms.get(level) for task in measured}
    known = {task: harm for task, harm in harms.items() if harm is not None}
    worst = max(sorted(known), key=lambda task: known[task], default=None)
    statuses = [judged.by_task[task].statuses.get(level) for task in measured]
    points = [judged.by_task[task].points.get(level) for task in measured]
    steps = sum(point is not None for point in points)
    ends = [
        None if point is None else at_steps(point.harm, point.low, steps, confidence)
        for point in points
    ]
    return {
        "worst_task": worst,
        "worst_harm": None if worst is None else known[worst],
        "worst_status": None if worst is None else judged.by_task[worst].statuses.get(level),
        "kept_tasks": statuses.count(KEPT),
        "degraded_tasks": sum(beyond_margin(ends, judged.margin)),
    }
