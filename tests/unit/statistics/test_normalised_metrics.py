"""Rows by length of the choices: they are those of the same predictions with divided log-likelihoods."""

import numpy as np
import polars as pl
import pytest
from made_predictions import drawn, examples_frame, predictions_frame

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


def metrics(predictions: pl.DataFrame, examples: pl.DataFrame) -> pl.DataFrame:
    return compute_metrics(predictions, examples, [], [], group_examples(examples), ANALYSIS)


@pytest.fixture(scope="module")
def found() -> pl.DataFrame:
    return metrics(*tables())


@pytest.mark.parametrize("name", NORMALISED_METRICS)
def test_rows_are_those_of_divided_log_likelihoods(found, name):
    metric, unit = NORMALISED_METRICS[name]
    predictions, examples = tables()
    lengths = pl.Series(LENGTHS[unit])
    divided = predictions.with_columns(
        pl.col("log_likelihood") / lengths.gather(predictions["option"])
    )
    peer = metrics(divided, examples)
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
    for name, (metric, _) in NORMALISED_METRICS.items():
        own, other = (table.filter(metric=wanted).sort("level") for wanted in (name, metric))
        assert own["value"].to_list() == pytest.approx(other["value"].to_list(), abs=1e-9)


def test_an_import_has_no_rows_by_token():
    predictions, examples = tables()
    imported = predictions.with_columns(tokens=pl.lit(None, dtype=pl.Int64))
    names = set(metrics(imported, examples)["metric"])
    assert "accuracy_by_byte" in names
    assert not [name for name in names if name.endswith("_by_token")]
