"""The answer of a study with several tasks: the pooled verdict of every pruning path in words."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from keepfaith.config.levels import level_words
from keepfaith.figures.labels import quantity_name
from keepfaith.report.answer import Finding, counted_levels, finding, level_reached
from keepfaith.report.tables import number
from keepfaith.statistics.pooled import reasons_left_out
from keepfaith.statistics.verdict import Answer, level_before_gap, summary

_UNEQUAL = 0.05
"""Tasks differ at a p-value of Cochran's Q of at most this, divided by the number of quantities of the level."""


@dataclass(frozen=True)
class PooledFinding:
    """The pooled verdict of one model and order.

    Attributes:
        model, order: the pruning path.
        tasks: number of tasks of the study that have any quantity.
        finding: the verdict on the means.
        everywhere: `level 1 (deepest run: 4)`: all is kept in every single task up to this level; of
            checkpoints, those where it is.
        notes: sentences on tasks left out of a mean, on single tasks, and on the answer without each task.
    """

    model: str
    order: str
    tasks: int
    finding: Finding
    everywhere: str
    notes: tuple[str, ...]


def pooled_findings(
    tables: Mapping[str, pl.DataFrame], labels: Mapping[str, Mapping[int, str]] | None = None
) -> list[PooledFinding]:
    """One finding per pruning path, `model/order`, whose POOLED has rows.

    Args:
        tables: POOLED by path.
        labels: label of every level, by path, where levels are checkpoints.
    """
    return [
        _finding(path, table, (labels or {}).get(path, {}))
        for path, table in tables.items()
        if table.height
    ]


def _finding(path: str, pooled: pl.DataFrame, labels: Mapping[int, str]) -> PooledFinding:
    model, _, order = path.partition("/")
    means = pooled.filter(pl.col("left_out").is_null())
    found = summary(means)
    without = _without_each_of_checkpoints if labels else _without_each
    notes = (_left_out(means), _single_tasks(means, found, bool(labels)), without(pooled, found))
    return PooledFinding(
        model,
        order,
        max(means["measured_tasks"].to_list()),
        finding(means, labels),
        counted_levels(_kept_everywhere(means), found.levels, labels)
        if labels
        else level_reached(kept_in_every_task(means), found.deepest),
        tuple(note for note in notes if note is not None),
    )


def kept_in_every_task(means: pl.DataFrame) -> int:
    """The level up to which every quantity is kept in every single task that has it; 0 if there is none.

    Args:
        means: POOLED without the rows of tasks left out.
    """
    return level_before_gap(means["level"].unique().sort().to_list(), _kept_everywhere(means))


def _kept_everywhere(means: pl.DataFrame) -> list[int]:
    """The levels, each on its own, at which every quantity is kept in every single task that has it."""
    everywhere = (pl.col("kept_tasks") == pl.col("measured_tasks")) & (pl.col("measured_tasks") > 0)
    by_level = means.group_by("level").agg(everywhere.all().alias("kept"))
    return by_level.filter("kept")["level"].sort().to_list()


def _left_out(means: pl.DataFrame) -> str | None:
    """Tasks that are not in the mean of a quantity, with the reason."""
    rows = means.drop_nulls("not_pooled").unique(["quantity", "method"], maintain_order=True)
    named: dict[str, list[str]] = {}
    for name, method, others in rows.select("quantity", "method", "not_pooled").rows():
        named.setdefault(others, []).append(quantity_name(name, method))
    if not named:
        return None
    listed = (f"{', '.join(names)} without {_by_reason(others)}" for others, names in named.items())
    return f"Not all tasks are in every mean: {'; '.join(listed)}."


def _by_reason(others: str) -> str:
    """`a (r), b (r)` as `a and b (r)`."""
    tasks: dict[str, list[str]] = {}
    for name, reason in reasons_left_out(others).items():
        tasks.setdefault(reason, []).append(name)
    return ", ".join(
        f"{', '.join(names[:-1])} and {names[-1]} ({reason})"
        if names[1:]
        else f"{names[0]} ({reason})"
        for reason, names in tasks.items()
    )


def _single_tasks(means: pl.DataFrame, found: Answer, checkpoints: bool) -> str | None:
    """Tasks that a mean hides, at the deepest level that is kept (of checkpoints, at the last), or else the first."""
    safe = max(found.kept_at, default=0) if checkpoints else found.safe
    level = safe or found.levels[0]
    rows = means.filter(pl.col("level") == level)
    worst = rows.drop_nulls("worst_harm").sort(
        pl.col("worst_harm") / pl.col("margin"), descending=True, maintain_order=True
    )
    if worst.is_empty():
        return None
    hidden = [
        f"{quantity_name(row['quantity'], row['method'])} in {row['degraded_tasks']} of {row['measured_tasks']} "
        f"(largest harm: {row['worst_task']}, {row['worst_status']})"
        for row in worst.filter(pl.col("degraded_tasks") > 0).iter_rows(named=True)
    ]
    first = worst.row(0, named=True)
    sentence = (
        f"At level {level} the largest harm of a single task is that of "
        f"{quantity_name(first['quantity'], first['method'])} on {first['worst_task']}: "
        f"{number(first['worst_harm'] / first['margin'], 1)} margins ({first['worst_status']} by its own verdict); "
        "after Holm's correction over tasks "
        + (f"degraded: {', '.join(hidden)}" if hidden else "no task is shown to be degraded")
    )
    unequal = rows.filter(pl.col("heterogeneity") <= _UNEQUAL / rows.height)
    names = [quantity_name(*each) for each in unequal.select("quantity", "method").rows()]
    differ = f"; tasks differ by more than chance (Cochran's Q) in {', '.join(names)}"
    return sentence + (differ if names else "") + "."


def _without_each(pooled: pl.DataFrame, found: Answer) -> str | None:
    """Whether the answer rests on single tasks; None where no task was left out."""
    tasks = pooled["left_out"].drop_nulls().unique(maintain_order=True).to_list()
    if not tasks:
        return None
    safe = {task: summary(pooled.filter(pl.col("left_out") == task)).safe for task in tasks}
    other = {task: level for task, level in safe.items() if level != found.safe}
    if not other:
        return "Without any one of the tasks, the level up to which all is kept is the same."
    levels: dict[int, list[str]] = {}
    for task, level in other.items():
        levels.setdefault(level, []).append(task)
    listed = "; ".join(
        f"without {' or '.join(names)} all is kept {_reached(level, found)}"
        for level, names in sorted(levels.items())
    )
    return f"The answer rests on single tasks: {listed}."


def _without_each_of_checkpoints(pooled: pl.DataFrame, found: Answer) -> str | None:
    """As `_without_each`, each level on its own."""
    tasks = pooled["left_out"].drop_nulls().unique(maintain_order=True).to_list()
    if not tasks:
        return None
    kept = {task: summary(pooled.filter(pl.col("left_out") == task)).kept_at for task in tasks}
    other = [
        f"without {task} all is kept at {level_words(levels) if levels else 'none'}"
        for task, levels in kept.items()
        if levels != found.kept_at
    ]
    if not other:
        return "Without any one of the tasks, the levels at which all is kept are the same."
    return f"The answer rests on single tasks (levels): {'; '.join(other)}."


def _reached(level: int, found: Answer) -> str:
    if not level:
        return f"not even at level {found.levels[0]}"
    return f"up to level {level_words((level,))}"
