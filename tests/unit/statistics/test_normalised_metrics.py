"""Rows by length of the choices: they are those of the same predictions with divided log-likelihoods."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from made_predictions import drawn, examples_frame, predictions_frame
from polars.testing import assert_frame_equal

from keepfaith.calibration.normalised import LENGTH_UNITS, LengthUnit
from keepfaith.calibration.reliability import reliability
from keepfaith.config.probabilities import ProbabilityUnit
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.normalised_metrics import NORMALISED_METRICS
from keepfaith.statistics.settings import Analysis

SIZE = 60
ANALYSIS = Analysis(null_repetitions=100, repetitions=200)
TEXTS = [" no", " maybe", " ñãõ"]
LENGTHS = {"token": [1, 2, 3], "byte": [2, 5, 6], "character": [2, 5, 3]}
NUMBERS = ("value", "low", "high", "change", "change_low", "change_high", "p_value")


def tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Three choices of different lengths, sums that grow with the length, two levels."""
    random = np.random.default_rng(0)
    scores = random.normal(size=(SIZE, 3))
    labels = drawn(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True), random)
    levels = {
        level: (2 * (scores - 3) * [1, 2, 3] + level * random.normal(size=scores.shape)).tolist()
        for level in (0, 2)
    }
    predictions = predictions_frame(levels).with_columns(tokens=pl.col("option") + 1)
    examples = examples_frame(labels.tolist(), [3] * SIZE)
    return predictions, examples.with_columns(options=pl.Series([TEXTS] * SIZE))


def metrics(
    predictions: pl.DataFrame, examples: pl.DataFrame, unit: ProbabilityUnit = "sum"
) -> pl.DataFrame:
    analysis = replace(ANALYSIS, probabilities=unit)
    return compute_metrics(predictions, examples, [], [], group_examples(examples), analysis)


def divided(predictions: pl.DataFrame, unit: LengthUnit) -> pl.DataFrame:
    """By hand: each log-likelihood over the length of its choice."""
    lengths = pl.Series(LENGTHS[unit])
    return predictions.with_columns(
        pl.col("log_likelihood") / lengths.gather(predictions["option"])
    )


@pytest.fixture(scope="module")
def found() -> pl.DataFrame:
    return metrics(*tables())


BY_LENGTH = [name for name, (_, unit) in NORMALISED_METRICS.items() if unit in LENGTHS]


@pytest.mark.parametrize("name", BY_LENGTH)
def test_rows_are_those_of_divided_log_likelihoods(found, name):
    metric, unit = NORMALISED_METRICS[name]
    predictions, examples = tables()
    peer = metrics(divided(predictions, unit), examples)
    own, other = (
        table.filter(metric=wanted).sort("level")
        for table, wanted in ((found, name), (peer, metric))
    )
    columns = ["family", "reference_low", "reference_high", "examples", "clusters"]
    # ECE's interval comes from the inversion of its noise, which only the summed probabilities have.
    columns += ["value", "change"] if metric == "ece" else NUMBERS
    assert own.select(columns).equals(other.select(columns), null_equal=True)
    assert own["value"].null_count() == 0


def test_the_units_disagree_here_and_agree_on_choices_of_one_length(found):
    accuracies = found.filter(pl.col("metric").str.starts_with("accuracy_by"), level=0)
    assert len(set(accuracies["value"])) == 3
    predictions, examples = tables()
    equal = examples.with_columns(options=pl.Series([[" a", " b", " c"]] * SIZE))
    table = metrics(predictions.with_columns(tokens=pl.lit(1, dtype=pl.Int64)), equal)
    for name in BY_LENGTH:
        metric, _ = NORMALISED_METRICS[name]
        own, other = (table.filter(metric=wanted).sort("level") for wanted in (name, metric))
        assert own["value"].to_list() == pytest.approx(other["value"].to_list(), abs=1e-9)


def test_an_import_has_no_rows_by_token():
    predictions, examples = tables()
    imported = predictions.with_columns(tokens=pl.lit(None, dtype=pl.Int64))
    names = set(metrics(imported, examples)["metric"])
    assert "accuracy_by_byte" in names
    assert not [name for name in names if name.endswith("_by_token")]


@pytest.mark.parametrize("unit", LENGTH_UNITS)
def test_a_study_may_judge_by_length(found, unit):
    """All rows of predictions are those of the divided log-likelihoods; rows of all units stay, those of sums come."""
    predictions, examples = tables()
    judged, peer = (
        metrics(predictions, examples, unit),
        metrics(divided(predictions, unit), examples),
    )
    other_units = pl.col("metric").is_in(list(NORMALISED_METRICS))
    assert_frame_equal(judged.filter(~other_units), peer.filter(~other_units))
    assert judged.filter(metric="accuracy", level=0)["value"].item() != (
        found.filter(metric="accuracy", level=0)["value"].item()
    )
    by_length = pl.col("metric").is_in(BY_LENGTH)
    assert_frame_equal(judged.filter(by_length), found.filter(by_length))
    assert found.filter(pl.col("metric").str.ends_with("_by_sum")).is_empty()
    for metric in ("accuracy", "mean_confidence", "ece"):
        columns = ["level", "value", "change", "reference_low", "reference_high"]
        own = judged.filter(metric=f"{metric}_by_sum").select(columns)
        assert_frame_equal(own, found.filter(metric=metric).select(columns))
    bins = reliability(predictions, examples, 10, unit)
    assert_frame_equal(bins, reliability(divided(predictions, unit), examples))


def test_an_import_is_not_judged_by_token():
    predictions, examples = tables()
    imported = predictions.with_columns(tokens=pl.lit(None, dtype=pl.Int64))
    with pytest.raises(ValueError, match="how many tokens a choice has; set calibration"):
        metrics(imported, examples, "token")
    assert metrics(imported, examples, "byte").height
