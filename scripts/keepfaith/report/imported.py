"""What a reader of imported numbers must know: the same cautions as in the report, which imports have none of."""

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
        grouping: how its examples were grouped.
        notes: what reading the logs found.
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
