"""Table of all metrics of the predictions of a cell: every row of METRICS."""

from typing import get_args

import polars as pl

from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import metric_name
from keepfaith.plugins.metric import PREDICTION_METRICS, MetricFamily
from keepfaith.report.tables import PageTable, TableCell, number

DIGITS = 4


def metric_table(tables: CellTables) -> PageTable | None:
    """One row per metric of accuracy and calibration, one column per level; None where there is none.

    The better direction and the source are given for plug-ins; the other metrics are derived from these.
    """
    declared = PREDICTION_METRICS.all()
    rows = []
    for family in get_args(MetricFamily):
        of_family = tables.metrics.filter(pl.col("family") == family)
        for metric in of_family["metric"].unique().sort():
            by_level = of_family.filter(pl.col("metric") == metric).select("level", "value")
            values = dict(by_level.iter_rows())
            plugin = declared.get(metric)
            better = plugin.better if plugin and plugin.better != "neither" else ""
            rows.append(
                (
                    TableCell(metric_name(metric)),
                    TableCell(better),
                    *(TableCell(number(values.get(level), DIGITS)) for level in tables.levels),
                    TableCell(plugin.citation if plugin else ""),
                )
            )
    levels = (str(level) if level else "0 (dense)" for level in tables.levels)
    header = ("Metric", "Better", *levels, "Defined in")
    title = "All metrics of the predictions"
    return PageTable(title, header, tuple(rows), folded=True) if rows else None
