"""All metrics of one model, order and task as one METRICS table, from saved tables only."""

from collections.abc import Callable, Sequence

import polars as pl

from keepfaith.artifacts.schemas import METRICS
from keepfaith.artifacts.tables import conform
from keepfaith.calibration.probabilities import predicted
from keepfaith.coalitions.segment_features import segment_features
from keepfaith.faithfulness.agreement import TOPS
from keepfaith.statistics.change_metrics import change_rows
from keepfaith.statistics.clusters import MINIMUM_CLUSTERS, Grouping
from keepfaith.statistics.coalition_metrics import SegmentTables, coalition_rows
from keepfaith.statistics.comparison import Comparison, MetricRow
from keepfaith.statistics.conformal_metrics import Thresholds, conformal_rows
from keepfaith.statistics.explanation_metrics import faithfulness_rows, rationale_rows
from keepfaith.statistics.normalised_metrics import normalised_rows, predicted_by_unit
from keepfaith.statistics.prediction_metrics import prediction_rows
from keepfaith.statistics.reliability_metrics import reliability_rows
from keepfaith.statistics.settings import Analysis
from keepfaith.statistics.temperature_metrics import (
    TEMPERATURE,
    Temperatures,
    temperature_rows,
)

METRIC_KEYS = ["level", "family", "metric", "method", "operator", "ranking"]
LOWER_ENDS = ("low", "reference_low", "change_low", "clusters")
UPPER_ENDS = ("high", "reference_high", "change_high", "p_value")
LOWER_STEPS, UPPER_STEPS = ("holm_low", "curve_low"), ("holm_high", "curve_high")
"""Columns of METRICS that depend on the grouping; of several groupings the lowest value, or the highest, is used.
Those of steps are lists."""

DECIMALS = 12
"""Digits kept: the last bits of a sum depend on the number of threads."""


def compute_metrics(
    predictions: pl.DataFrame,
    examples: pl.DataFrame,
    faithfulness: Sequence[pl.DataFrame],
    attributions: Sequence[pl.DataFrame],
    grouping: Grouping,
    analysis: Analysis,
    segments: SegmentTables | None = None,
    top: int = min(TOPS),
    temperatures: Temperatures | None = None,
    thresholds: Thresholds | None = None,
) -> pl.DataFrame:
    """METRICS of every level, families accuracy, calibration, faithfulness, rationale, reliability
    and coalitions.

    Args:
        predictions: PREDICTIONS of all levels.
        examples: EXAMPLES; accuracy and calibration use the evaluation subset.
        faithfulness: FAITHFULNESS of any number of methods and seeds; may be empty.
        attributions: ATTRIBUTIONS likewise, for R-precision where examples have rationales.
        grouping: which examples of the evaluation subset depend on each other (`group_examples`).
        analysis: draws, seed, bins, confidence, and the probabilities that are judged.
        segments: what follows from coalitions, where the study scores them.
        top: number of tokens whose overlap between the seeds of a method is measured.
        temperatures: of the same levels, where the task has tuning examples.
        thresholds: of the conformal sets of the same levels, where it has tuning examples and three choices or more.

    Raises:
        ValueError: levels cover different examples, or predictions or the grouping lack one, or the lengths of choices
            by which probabilities are judged are unknown.
    """
    found = predicted(predictions, examples, unit=analysis.probabilities)
    by_unit = predicted_by_unit(predictions, examples, analysis.probabilities)

    def under(grouping: Grouping) -> list[MetricRow]:
        clusters = grouping.of(list(found.example_ids))
        comparison = Comparison(list(found.levels), clusters, analysis)
        rows = prediction_rows(found, comparison)
        rows += change_rows(found, comparison) + normalised_rows(by_unit, comparison)
        if temperatures is not None:
            rows += temperature_rows(found, temperatures, comparison)
        if thresholds is not None:
            rows += conformal_rows(found, thresholds, comparison)
        if faithfulness:
            rows += faithfulness_rows(pl.concat(faithfulness), grouping, analysis)
        if attributions:
            rows += rationale_rows(pl.concat(attributions), examples, grouping, analysis)
            judged = None if segments is None else segments.explanations
            rows += reliability_rows(attributions, judged, top, grouping, analysis)
        if segments is not None:
            rows += coalition_rows(segments, grouping, analysis)
            features = segment_features(segments.explanations)
            rows += rationale_rows(features, examples, grouping, analysis, "segment_r_precision")
        return rows

    table = under_all_groupings(under, grouping)
    of_tuning = None if temperatures is None else temperatures.field
    field = (
        pl.when(pl.col("metric") == TEMPERATURE)
        .then(pl.lit(of_tuning, dtype=pl.String))
        .otherwise(pl.lit(grouping.field, dtype=pl.String))
    )
    return conform(table.with_columns(cluster_field=field), METRICS)


def under_all_groupings(
    rows: Callable[[Grouping], list[MetricRow]], grouping: Grouping
) -> pl.DataFrame:
    """METRICS of what `rows` gives of a grouping: the widest intervals of all groupings, none of too few texts.

    Args:
        rows: equal rows of any grouping, but for what depends on it.
        grouping: the one with the fewest clusters, with those that cross it.
    """
    tables = [
        pl.DataFrame(rows(each), schema=dict(METRICS.columns)).with_columns(
            pl.col(pl.Float64).round(DECIMALS),
            pl.col(*LOWER_STEPS, *UPPER_STEPS).list.eval(pl.element().round(DECIMALS)),
        )
        for each in (grouping, *grouping.crossing)
    ]
    return _widest([_without_empty_promises(table).sort(METRIC_KEYS) for table in tables])


def _widest(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The first table with the widest intervals and the largest p-values of all; null where one table has null.

    It is unknown which of several crossing texts makes examples dependent, so no interval is narrower than under any
    of them.
    """
    first, *others = tables
    if not others:
        return first
    ends = [*LOWER_ENDS, *UPPER_ENDS]
    beside = [
        other.select(pl.col(ends).name.suffix(f"_{index}")) for index, other in enumerate(others)
    ]

    def of_all(name: str) -> pl.Expr:
        columns = [name, *(f"{name}_{index}" for index in range(len(others)))]
        known = pl.all_horizontal(pl.col(column).is_not_null() for column in columns)
        choose = pl.min_horizontal if name in LOWER_ENDS else pl.max_horizontal
        return pl.when(known).then(choose(columns)).alias(name)

    joined = pl.concat([first, *beside], how="horizontal")
    widest = joined.with_columns(map(of_all, ends)).select(first.columns)
    return widest.with_columns(
        _steps([table[name] for table in tables], choose)
        for names, choose in ((LOWER_STEPS, min), (UPPER_STEPS, max))
        for name in names
    )


def _steps(columns: Sequence[pl.Series], choose: Callable[..., float]) -> pl.Series:
    """The lowest or highest of each item of lists, row by row; null where one is null."""
    rows = zip(*(column.to_list() for column in columns), strict=True)
    chosen = [None if None in row else list(map(choose, *row)) for row in rows]
    return pl.Series(columns[0].name, chosen, dtype=columns[0].dtype)


def _without_empty_promises(table: pl.DataFrame) -> pl.DataFrame:
    """Null intervals and tests with fewer than `MINIMUM_CLUSTERS` independent texts."""
    few = pl.col("clusters") < MINIMUM_CLUSTERS
    promises = ["low", "high", "change_low", "change_high", "p_value", *LOWER_STEPS, *UPPER_STEPS]
    # Only the reference of faithfulness is itself an interval over examples.
    of_random = ["reference_low", "reference_high"]
    of_faithfulness = few & (pl.col("family") == "faithfulness")
    return table.with_columns(
        *(pl.when(~few).then(pl.col(name)).alias(name) for name in promises),
        *(pl.when(~of_faithfulness).then(pl.col(name)).alias(name) for name in of_random),
    )
