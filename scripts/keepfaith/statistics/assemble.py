"""All metrics of one model, order and task as one METRICS table, from saved tables only."""

from collections.abc import Sequence

import polars as pl

from keepfaith.artifacts.schemas import METRICS
from keepfaith.artifacts.tables import conform
from keepfaith.calibration.probabilities import predicted
from keepfaith.statistics.clusters import shared_texts
from keepfaith.statistics.comparison import Comparison
from keepfaith.statistics.explanation_metrics import evidence_rows, faithfulness_rows
from keepfaith.statistics.prediction_metrics import flip_rows, prediction_rows
from keepfaith.statistics.settings import Analysis

DECIMALS = 12
"""Digits kept: the last bits of a sum depend on the machine's number of threads, and no reader needs them."""


def compute_metrics(
    predictions: pl.DataFrame,
    examples: pl.DataFrame,
    faithfulness: Sequence[pl.DataFrame],
    attributions: Sequence[pl.DataFrame],
    analysis: Analysis,
    flips: bool = False,
) -> pl.DataFrame:
    """METRICS of every level, families accuracy, calibration, faithfulness and evidence.

    Args:
        predictions: PREDICTIONS of all levels.
        examples: EXAMPLES; accuracy and calibration use the evaluation part.
        faithfulness: FAITHFULNESS of any number of methods and seeds; may be empty.
        attributions: ATTRIBUTIONS likewise, for the recall of evidence where examples have any.
        analysis: draws, seed, bins and confidence.
        flips: whether to count the examples whose predicted option is not the dense level's.

    Raises:
        ValueError: levels cover different examples, or predictions are incomplete.
    """
    found = predicted(predictions, examples)
    part = examples.filter("evaluation").sort("example_id")
    comparison = Comparison(list(found.levels), shared_texts(part), analysis)
    rows = prediction_rows(found, comparison)
    if flips:
        rows += flip_rows(found, comparison)
    if faithfulness:
        rows += faithfulness_rows(pl.concat(faithfulness), examples, analysis)
    if attributions:
        rows += evidence_rows(pl.concat(attributions), examples, analysis)
    table = pl.DataFrame(rows, schema=dict(METRICS.columns)).with_columns(
        pl.col(pl.Float64).round(DECIMALS)
    )
    keys = ["level", "family", "metric", "method", "operator", "ranking"]
    return conform(table.sort(keys), METRICS)
