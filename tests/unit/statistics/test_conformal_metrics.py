"""Rows on conformal sets: which studies have them, and their intervals."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from figures import synthetic
from made_predictions import drawn, examples_frame, predictions_frame

from keepfaith.artifacts.predictions import softmax
from keepfaith.calibration.conformal import covered, label_scores, set_sizes, threshold
from keepfaith.calibration.probabilities import predicted
from keepfaith.report.metric_table import metric_table
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.comparison import Comparison
from keepfaith.statistics.conformal_metrics import (
    CONFORMAL_METRICS,
    conformal_rows,
    fitted_thresholds,
)
from keepfaith.statistics.settings import Analysis

ANALYSIS = Analysis(null_repetitions=60, repetitions=400, seed=3)
SIZE, TUNING = 150, 120
SHUFFLED = 2
"""Level: log-likelihoods of other examples."""


def tables(
    options: int = 4, tuning: int = TUNING, seed: int = 0, texts: list[str] | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Predictions of two levels and examples; the first `SIZE` are evaluated, the others are for tuning."""
    random = np.random.default_rng(seed)
    scores = 1.5 * random.normal(size=(SIZE + tuning, options))
    labels = drawn(softmax(scores), random)
    levels = {0: scores, SHUFFLED: random.permutation(scores)}
    examples = examples_frame(labels.tolist(), [options] * len(labels), texts=texts).with_columns(
        evaluation=pl.col("row") < SIZE,
        explanation=pl.lit(value=False),
        tuning=pl.col("row") >= SIZE,
    )
    return predictions_frame({k: values.tolist() for k, values in levels.items()}), examples


def rows(
    predictions: pl.DataFrame, examples: pl.DataFrame, analysis: Analysis = ANALYSIS
) -> pl.DataFrame:
    table = compute_metrics(
        predictions,
        examples,
        [],
        [],
        group_examples(examples.filter("evaluation")),
        analysis,
        thresholds=fitted_thresholds(predictions, examples, None, analysis),
    )
    return table.filter(pl.col("metric").is_in(list(CONFORMAL_METRICS)))


@pytest.mark.parametrize("unit", ["sum", "byte"])
def test_values_are_those_of_the_sets(unit):
    predictions, examples = tables()
    found = rows(predictions, examples, replace(ANALYSIS, probabilities=unit))
    assert found.height == 4 and set(found["family"]) == {"calibration"}
    tuning, evaluated = (
        predicted(predictions, examples, subset, unit).levels for subset in ("tuning", "evaluation")
    )
    for level in (0, SHUFFLED):
        q = threshold(label_scores(tuning[level]))
        for metric, values in (("conformal_set_size", set_sizes), ("conformal_coverage", covered)):
            row = found.filter(metric=metric, level=level).row(0, named=True)
            assert row["value"] == pytest.approx(values(evaluated[level], q).mean())
            assert row["low"] < row["value"] < row["high"]
            assert (row["examples"], row["clusters"]) == (SIZE, SIZE)
    size = found.filter(metric="conformal_set_size", level=SHUFFLED).row(0, named=True)
    assert size["change"] > 0 and size["change_low"] > 0 and size["p_value"] < 0.05
    coverage = found.filter(metric="conformal_coverage")
    assert (coverage["reference_low"] < 0.9).all() and (coverage["reference_high"] > 0.9).all()


def test_both_stand_beside_each_other_in_the_report():
    shown = metric_table(replace(synthetic.cell(deepest=2, methods=()), metrics=rows(*tables())))
    assert shown is not None
    texts = [[cell.text for cell in row] for row in shown.rows]
    assert [row[:2] for row in texts] == [
        ["conformal coverage", ""],
        ["conformal set size", "lower"],
    ]
    assert all("LAC at 0.9" in row[-1] for row in texts)


def test_two_choices_or_no_tuning_examples_have_no_rows():
    assert rows(*tables(options=2)).is_empty()
    assert rows(*tables(tuning=0)).is_empty()
    predictions, examples = tables()
    one_of_two = examples.with_columns(
        options=pl.when(row=3).then(pl.col("options").list.head(2)).otherwise("options"),
        label=pl.when(row=3).then(0).otherwise("label"),
    )
    last = (pl.col("example_id") == "e003") & (pl.col("option") >= 2)
    assert rows(predictions.filter(~last), one_of_two).is_empty()


def test_too_few_tuning_examples_say_so_by_sets_of_all_choices():
    found = rows(*tables(tuning=8))
    for metric, value in (("conformal_set_size", 4.0), ("conformal_coverage", 1.0)):
        of_metric = found.filter(metric=metric)
        assert of_metric["value"].to_list() == [value] * 2
        # A resample never has more examples than there are.
        assert of_metric["low"].to_list() == of_metric["high"].to_list() == [value] * 2


def test_few_tuning_texts_give_no_interval_and_shared_ones_no_band():
    single = [f"A passage long enough to be one, number {row}." for row in range(SIZE)]
    for texts, known in ((4, False), (30, True)):
        shared = [f"A shared passage that is long enough, {row % texts}." for row in range(TUNING)]
        found = rows(*tables(texts=single + shared))
        assert (found["low"].null_count() == 0) == known
        assert found["reference_low"].null_count() == 4
        assert found["value"].null_count() == 0


def test_intervals_contain_the_mean_size_of_many_samples():
    """Of 60 samples of tuning and evaluation examples the 95 % interval holds the expected size in most, not in all."""
    analysis = replace(ANALYSIS, null_repetitions=20, repetitions=200)
    sizes, intervals = [], []
    for seed in range(60):
        predictions, examples = tables(seed=seed)
        thresholds = fitted_thresholds(predictions, examples, None, analysis)
        assert thresholds is not None
        found = predicted(predictions, examples)
        grouping = group_examples(examples.filter("evaluation"))
        comparison = Comparison([0], grouping.of(list(found.example_ids)), analysis)
        row = conformal_rows(found, thresholds, comparison)[0]
        sizes.append(row["value"])
        intervals.append((row["low"], row["high"]))
    held = sum(low <= np.mean(sizes) <= high for low, high in intervals)
    assert 52 <= held <= 60
