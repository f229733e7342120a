"""Table of the values behind the answer: every judged quantity in the dense model and at the levels that it names."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import quantity_name
from keepfaith.plugins.quantity import ordered_quantities
from keepfaith.report.tables import PageTable, TableCell, number
from keepfaith.statistics.pooled import reasons_left_out
from keepfaith.statistics.verdict import summary

_TEMPERED = "ece_tempered"
"""Shown under ECE, never judged: what a temperature repairs."""

_NOT_JUDGED = "; not judged"


def values_table(
    place: str, verdict: pl.DataFrame, tables: Mapping[str, CellTables], folded: bool
) -> PageTable | None:
    """One row per judged quantity and method, and the columns of `named_levels`; in the mean over the tasks.

    The mean is over the tasks that the pooled verdict takes and that have the quantity at all of these levels. A status
    is that of the verdict.

    Args:
        place: model and order, for the title.
        verdict: VERDICT of the path's only task, or POOLED without the rows of tasks left out.
        tables: those of the path's tasks, by task.
        folded: whether the table opens at its title.
    """
    levels = named_levels(verdict)
    if not levels:
        return None
    status = {
        (name, method, level): mark
        for name, method, level, mark in verdict.select(
            "quantity", "method", "level", "status"
        ).iter_rows()
    }
    several = len(tables) > 1
    rows = []
    for name, method in _quantities(verdict):
        values = _values(_pooled(tables, verdict, name, method), name, method, list(levels))
        if not values:
            continue
        means = [sum(column) / len(column) for column in zip(*values, strict=True)]
        rows.append(
            (
                TableCell(_named(name, method)),
                *([TableCell(str(len(values)))] if several else []),
                *(
                    TableCell(number(value), status.get((name, method, level)))
                    for level, value in zip(levels, means, strict=True)
                ),
            )
        )
    if not rows:
        return None
    title = f"The values behind it: {place}" + (", means over tasks" if several else "")
    header = ("Metric", *(["Tasks"] if several else []), *levels.values())
    return PageTable(title, header, tuple(rows), folded)


def _named(name: str, method: str | None) -> str:
    """`accuracy (higher is better)`, `faithfulness (LIME; higher is better)`."""
    said = quantity_name(name, method)
    opened = f"{said.removesuffix(')')}; " if said.endswith(")") else f"{said} ("
    better = f"{ordered_quantities()[name].better} is better"
    return f"{opened}{better}{_NOT_JUDGED * (name == _TEMPERED)})"


def named_levels(verdict: pl.DataFrame) -> Mapping[int, str]:
    """Heading of the dense model, of the level that the answer recommends, and of the first that is degraded.

    Args:
        verdict: VERDICT of one task, or POOLED without the rows of tasks left out.
    """
    if verdict.is_empty():
        return {}
    answer = summary(verdict)
    headings = {0: "Dense"}
    if answer.safe:
        headings[answer.safe] = f"Level {answer.safe}, all kept"
    elif answer.clear:
        headings[answer.clear] = f"Level {answer.clear}, no degradation shown"
    if answer.breaks_at is not None:
        headings[answer.breaks_at] = f"Level {answer.breaks_at}, degraded first"
    return headings


def _quantities(verdict: pl.DataFrame) -> Iterator[tuple[str, str | None]]:
    """Judged quantities with their methods; ECE after each level's own temperature follows ECE."""
    for name, method in verdict.select("quantity", "method").unique(maintain_order=True).rows():
        yield name, method
        if name == "ece":
            yield _TEMPERED, None


def _pooled(
    tables: Mapping[str, CellTables], verdict: pl.DataFrame, name: str, method: str | None
) -> list[CellTables]:
    """The tasks in the mean of a quantity; ECE after a temperature has those of ECE."""
    if "not_pooled" not in verdict.columns:
        return list(tables.values())
    judged = "ece" if name == _TEMPERED else name
    own = verdict.filter(
        pl.col("quantity") == judged, pl.col("method").eq_missing(pl.lit(method, pl.String))
    )
    left_out = {
        task for others in own["not_pooled"].drop_nulls() for task in reasons_left_out(others)
    }
    return [each for task, each in tables.items() if task not in left_out]


def _values(
    tables: Iterable[CellTables], name: str, method: str | None, levels: Sequence[int]
) -> list[list[float]]:
    """Per task with a value at each level, these values."""
    metric = ordered_quantities()[name].metric
    found = []
    for each in tables:
        values = dict(each.series(metric, method).select("level", "value").drop_nulls().iter_rows())
        if all(level in values for level in levels):
            found.append([float(values[level]) for level in levels])
    return found
