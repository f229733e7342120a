"""Table of all metrics of the predictions of a cell: every row of METRICS."""

from typing import get_args

import polars as pl

from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import metric_name
from keepfaith.plugins.metric import PREDICTION_METRICS, Metric, MetricFamily
from keepfaith.report.tables import PageTable, TableCell, level_cell, number
from keepfaith.statistics.change_metrics import CHANGE_METRICS, ChangeMetric
from keepfaith.statistics.conformal_metrics import CONFORMAL_METRICS, ConformalMetric
from keepfaith.statistics.normalised_metrics import HARNESS_NAMES, NORMALISED_METRICS

DIGITS = 4


def metric_table(tables: CellTables) -> PageTable | None:
    """One row per metric of accuracy and calibration, one column per level; None where there is none.

    The better direction and the source are given for plug-ins, changes and metrics by length of the choices; the others
    are derived from these.
    """
    directions, sources = _declared()
    rows = []
    for family in get_args(MetricFamily):
        of_family = tables.metrics.filter(pl.col("family") == family)
        for metric in of_family["metric"].unique().sort():
            by_level = of_family.filter(pl.col("metric") == metric).select("level", "value")
            values = dict(by_level.iter_rows())
            rows.append(
                (
                    TableCell(metric_name(metric)),
                    TableCell(directions.get(metric, "")),
                    *(TableCell(number(values.get(level), DIGITS)) for level in tables.levels),
                    TableCell(sources.get(metric, "")),
                )
            )
    levels = (level_cell(level).text for level in tables.levels)
    header = ("Metric", "Better", *levels, "Defined in")
    title = "All metrics of the predictions"
    return PageTable(title, header, tuple(rows), folded=True) if rows else None


def _declared() -> tuple[dict[str, str], dict[str, str]]:
    """By metric: which direction is better, empty where neither is, and where it is defined."""
    declared: dict[str, Metric | ChangeMetric | ConformalMetric] = {
        **PREDICTION_METRICS.all(),
        **CHANGE_METRICS,
        **CONFORMAL_METRICS,
    }
    sources = {name: metric.citation for name, metric in declared.items()}
    for name, (metric, _) in NORMALISED_METRICS.items():
        declared[name] = declared[metric]
        sources[name] = HARNESS_NAMES.get(name, declared[metric].citation)
    better = {name: metric.better for name, metric in declared.items()}
    return {name: "" if to == "neither" else to for name, to in better.items()}, sources
