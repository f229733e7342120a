"""Cautions on an imported task: those of the report, which imports do not have."""

from collections.abc import Iterable

import polars as pl

from keepfaith.artifacts.schemas import CAUTIONS, CURVES, ORDER, OVERLAP, RELIABILITY, VERDICT
from keepfaith.artifacts.tables import conform, empty_table
from keepfaith.figures.cell_tables import CellTables
from keepfaith.report.caveats import caveats
from keepfaith.statistics.clusters import Grouping


def cautions_of(
    metrics: pl.DataFrame, grouping: Grouping, notes: Iterable[str] = ()
) -> pl.DataFrame:
    """CAUTIONS of one imported task, most serious first.

    Args:
        metrics: METRICS of the task.
        grouping: grouping of its examples.
        notes: notes from reading the logs.
    """
    tables = CellTables(
        metrics=metrics,
        reliability=empty_table(RELIABILITY),
        curves=empty_table(CURVES),
        overlap=empty_table(OVERLAP),
        verdict=empty_table(VERDICT),
        order=empty_table(ORDER),
    )
    found = [*notes, *caveats(tables), *grouping.notes]
    return conform(pl.DataFrame({"caution": found}, schema=dict(CAUTIONS.columns)), CAUTIONS)
