"""Table of the values behind the answer: every judged quantity in the dense model and at the levels that it names."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import quantity_name
from keepfaith.plugins.quantity import ordered_quantities
from keepfaith.report.tables import PageTable, TableCell, number
from keepfaith.statistics.verdict import summary

_TEMPERED = "ece_tempered"
"""Shown under ECE, never judged: what a temperature repairs."""


def values_table(
    place: str, verdict: pl.DataFrame, tables: Sequence[CellTables], folded: bool
) -> PageTable | None:
    """One row per judged quantity and method, and the columns of `named_levels`; in the mean over the tasks.

    The mean is over the tasks that have the quantity at all of these levels. A status is that of the verdict.

    Args:
        place: model and order, for the title.
        verdict: VERDICT of the path's only task, or POOLED without the rows of tasks left out.
        tables: those of the path's tasks.
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
    rows = [
        (
            TableCell(quantity_name(name, method)),
            *(
                TableCell(number(value), status.get((name, method, level)))
                for level, value in zip(levels, values, strict=True)
            ),
        )
        for name, method in _quantities(verdict)
        if (values := _means(tables, name, method, list(levels)))
    ]
    count = len(tables)
    title = f"The values behind it: {place}" + (f", mean over {count} tasks" if count > 1 else "")
    return PageTable(title, ("Metric", *levels.values()), tuple(rows), folded) if rows else None


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


def _means(
    tables: Iterable[CellTables], name: str, method: str | None, levels: Sequence[int]
) -> list[float]:
    """Mean over tasks at each level; empty where no task has all of them."""
    metric = ordered_quantities()[name].metric
    found = []
    for each in tables:
        values = dict(each.series(metric, method).select("level", "value").drop_nulls().iter_rows())
        if all(level in values for level in levels):
            found.append([float(values[level]) for level in levels])
    return [sum(column) / len(column) for column in zip(*found, strict=True)]
