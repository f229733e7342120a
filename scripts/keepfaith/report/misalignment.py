"""The report's section on misalignment: what degrades or moves while the accuracy is kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import polars as pl

from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import quantity_name
from keepfaith.figures.reach import of_quantity, watched
from keepfaith.plugins.quantity import QUANTITIES
from keepfaith.report.tables import UNKNOWN, PageTable, TableCell, level_cell, number
from keepfaith.statistics.misalignment import (
    ACCURACY_DEGRADED,
    ACCURACY_KEPT,
    misaligned_levels,
    plateau,
)

_SMALLEST = 0.001
"""Smaller p-values are not written out."""


@dataclass(frozen=True)
class Misaligned:
    """What the tests of one cell found, in sentences, and their p-values.

    `moved` is None without levels over which the accuracy is kept, or without a tested quantity.
    """

    sentences: tuple[str, ...]
    table: PageTable
    moved: PageTable | None = None


def misaligned(tables: CellTables) -> Misaligned | None:
    """None where nothing was tested: no pruned level, or no margin of the accuracy or of any other quantity."""
    tested = tables.misalignment
    if tested.is_empty():
        return None
    count = tested["level"].n_unique()
    kind = "checkpoint" if tables.names else "level"
    whole = f"the one {kind} judged" if count == 1 else f"{count} {kind}s judged"
    sentences = (
        _sentence(tested, ACCURACY_KEPT, f"Misaligned levels of this task, of {whole}",
                  "the accuracy is shown to be kept and another quantity to be degraded"),
        _sentence(tested, ACCURACY_DEGRADED, "The other way round",
                  "the accuracy is shown to be degraded and another quantity to be kept"),
    )  # fmt: skip
    return Misaligned(sentences, _table(tested), _movement(tables))


def _sentence(tested: pl.DataFrame, direction: str, title: str, meaning: str) -> str:
    """`Misaligned levels of this task, of 6 levels judged (...): 2. Level 3: ECE; level 4: ECE, Brier score.`"""
    levels = misaligned_levels(tested, direction)
    text = f"{title} ({meaning}): {len(levels) or 'none'}."
    if not levels:
        return text
    named = "; ".join(
        f"level {level}: {', '.join(_names(tested, direction, level))}" for level in levels
    )
    return f"{text} {named[:1].upper()}{named[1:]}."


def _names(tested: pl.DataFrame, direction: str, level: int) -> Iterator[str]:
    found = tested.filter("shown", direction=direction, level=level)
    for name, method in found.select("quantity", "method").iter_rows():
        yield quantity_name(name, method)


def _table(tested: pl.DataFrame) -> PageTable:
    """Adjusted p-values by quantity, method and level, of both directions."""
    rows = []
    for name, method in watched(tested):
        of_both = of_quantity(tested, name, method)
        for level in of_both["level"].unique().sort():
            of_level = of_both.filter(level=level)
            (kept,) = of_level.filter(direction=ACCURACY_KEPT).rows(named=True)
            (degraded,) = of_level.filter(direction=ACCURACY_DEGRADED).rows(named=True)
            cells = (
                quantity_name(name, method),
                level_cell(level).text,
                _in_margins(kept["accuracy_harm"], kept["accuracy_margin"]),
                _in_margins(kept["harm"], kept["margin"]),
                _p_value(kept["p_adjusted"]),
                _p_value(degraded["p_adjusted"]),
            )
            rows.append(tuple(map(TableCell, cells)))
    header = (
        "Quantity",
        "Level",
        "Loss of accuracy (margins)",
        "Harm of the quantity (margins)",
        "p, accuracy kept and it degraded",
        "p, accuracy degraded and it kept",
    )
    return PageTable("Accuracy against every other quantity", header, tuple(rows), folded=True)


def _movement(tables: CellTables) -> PageTable | None:
    """Movement of every mean from level to level over the levels at which the accuracy is kept without a gap."""
    last = plateau(tables.verdict)
    if last is None or tables.names:  # checkpoints have no sequence to move along
        return None
    moved = tables.fluctuation.filter(
        pl.col("last_level") == last, pl.col("movement").is_not_null()
    )
    names = {each.metric: name for name, each in QUANTITIES.all().items()}
    margins = dict(tables.verdict.select("quantity", "margin").iter_rows())
    rows = []
    for row in moved.filter(pl.col("metric").is_in(list(names))).iter_rows(named=True):
        name = names[row["metric"]]
        cells = (
            quantity_name(name, row["method"]),
            str(row["examples"]),
            _a_step(row["movement"], row["steps"], margins.get(name)),
            _p_value(row["p_value"]),
            _a_step(row["accuracy_movement"], row["steps"], margins.get("accuracy")),
            _p_value(row["accuracy_p_value"]),
        )
        rows.append(tuple(map(TableCell, cells)))
    header = (
        "Quantity",
        "Examples",
        "Movement a step (margins)",
        "p, no movement",
        "Accuracy of the same examples (margins)",
        "p, no movement of it",
    )
    title = f"Movement from level to level while the accuracy is kept (levels 0 to {last})"
    return PageTable(title, header, tuple(rows)) if rows else None


def _a_step(movement: float, steps: int, margin: float | None) -> str:
    """Root of the mean squared step in margins; 0 where noise explains it all."""
    return number(None if margin is None else sqrt(max(movement, 0.0) / steps) / margin, 2)


def _in_margins(harm: float | None, margin: float) -> str:
    return number(harm if harm is None else harm / margin, 1)


def _p_value(p_value: float | None) -> str:
    if p_value is None:
        return UNKNOWN
    return "<.001" if p_value < _SMALLEST else number(p_value)
