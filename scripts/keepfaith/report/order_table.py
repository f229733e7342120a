"""Table that compares orders: the level up to which each preserves accuracy, calibration and faithfulness."""

import polars as pl

from keepfaith.figures.labels import path_names
from keepfaith.plugins.quantity import CONCERNS
from keepfaith.report.tables import UNKNOWN, PageTable, TableCell, number
from keepfaith.statistics.order_comparison import (
    compare_orders,
    of_models_with_several_orders,
)


def orders_compared(verdicts: pl.DataFrame) -> PageTable | None:
    """One row per model and order, the order that keeps furthest first; None if no model has several orders.

    Args:
        verdicts: VERDICT of all cells, with leading columns model, order and task.
    """
    compared = of_models_with_several_orders(compare_orders(verdicts))
    if compared.is_empty():
        return None
    names = path_names(compared.select("model", "order").unique(maintain_order=True).rows())
    rows = []
    for path, name in names.items():
        of_order = compared.filter(pl.col("model") == path[0], pl.col("order") == path[1])
        reach = {row["concern"]: row for row in of_order.iter_rows(named=True)}
        rows.append((TableCell(name), *(_reach(reach.get(concern)) for concern in CONCERNS)))
    header = ("Order", *(concern.capitalize() for concern in CONCERNS))
    return PageTable(
        "Orders compared: shown to be kept / no degradation shown up to level", header, tuple(rows)
    )


def _reach(row: dict[str, float] | None) -> TableCell:
    """`3.0 / 6.5`: means over tasks."""
    if row is None:
        return TableCell(UNKNOWN)
    return TableCell(f"{number(row['kept'], 1)} / {number(row['clear'], 1)}")
