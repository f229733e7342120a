"""Rows on temperatures from worlds where it is known what a temperature repairs."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from made_predictions import drawn, examples_frame, predictions_frame
from polars.testing import assert_frame_equal

from keepfaith.artifacts.predictions import softmax
from keepfaith.artifacts.schemas import METRICS
from keepfaith.calibration.draws import once
from keepfaith.calibration.probabilities import predicted
from keepfaith.calibration.temperature import HIGHEST, LOWEST, temperature_of, tempered
from keepfaith.plugins.metric import PREDICTION_METRICS
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.misalignment import misaligned_levels, misalignment
from keepfaith.statistics.settings import Analysis
from keepfaith.statistics.temperature_metrics import Temperatures, fitted_temperatures

ANALYSIS = Analysis(null_repetitions=200, repetitions=300, seed=7)
SIZE, TUNING = 600, 500
SHARPER, SHUFFLED = 1, 2
"""Levels: the dense log-likelihoods three times as large, and those of other examples."""


def world(
    texts: list[str] | None = None, levels: tuple[int, ...] = (0, SHARPER, SHUFFLED)
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Predictions and examples of three choices; the first `SIZE` are evaluated, the others are for tuning."""
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(SIZE + TUNING, 3)) * 1.5
    labels = drawn(softmax(scores), generator)
    all_levels = {0: scores, SHARPER: 3 * scores, SHUFFLED: generator.permutation(scores)}
    found = examples_frame(labels.tolist(), [3] * len(labels), texts=texts).with_columns(
        evaluation=pl.col("row") < SIZE,
        explanation=pl.lit(value=False),
        tuning=pl.col("row") >= SIZE,
        example_id=pl.format("e{}", pl.col("row").cast(pl.String).str.zfill(4)),
    )
    predictions = predictions_frame({level: all_levels[level].tolist() for level in levels})
    number = pl.col("example_id").str.slice(1).str.zfill(4)
    return predictions.with_columns(example_id=pl.format("e{}", number)), found


def table_of(
    predictions: pl.DataFrame, examples: pl.DataFrame, temperatures: Temperatures | None
) -> pl.DataFrame:
    grouping = group_examples(examples.filter("evaluation"))
    return compute_metrics(
        predictions, examples, [], [], grouping, ANALYSIS, temperatures=temperatures
    )


@pytest.fixture(scope="module")
def tables() -> tuple[pl.DataFrame, pl.DataFrame, Temperatures]:
    predictions, examples = world()
    fitted = fitted_temperatures(predictions, examples, None, ANALYSIS)
    assert fitted is not None
    return predictions, examples, fitted


@pytest.fixture(scope="module")
def table(tables) -> pl.DataFrame:
    return table_of(*tables)


def one(table: pl.DataFrame, metric: str, level: int) -> dict:
    found = table.filter(metric=metric, level=level)
    assert found.height == 1, (metric, level)
    return found.row(0, named=True)


def test_no_other_number_changes_by_a_digit(tables, table):
    predictions, examples, _ = tables
    evaluated = predictions.join(examples.filter("evaluation"), on="example_id", how="semi")
    before = table_of(evaluated, examples.filter("evaluation"), None)
    assert_frame_equal(
        table.join(before, on="metric", how="semi"), before, check_exact=True, check_row_order=True
    )
    added = set(table["metric"]) - set(before["metric"])
    assert added == {
        "temperature",
        *(f"{m}_tempered{s}" for m in ("ece", "nll", "brier") for s in ("", "_as_dense")),
        "nll_repairable",
        "nll_lost",
    }
    assert list(table.columns) == list(METRICS.columns)
    assert set(table.join(before, on="metric", how="anti")["family"]) == {"calibration"}


def test_a_level_that_a_temperature_repairs_is_misaligned_in_raw_calibration_alone(table):
    """The sharper level answers as the dense one; the shuffled one loses its accuracy, and so is not misaligned."""
    found = misalignment(table, {"accuracy": 0.02, "ece": 0.02, "brier": 0.02})
    assert set(found["quantity"]) == {"ece", "brier", "ece_tempered"}
    kept = found.filter("shown", direction="accuracy_kept").select("level", "quantity").rows()
    assert kept == [(SHARPER, "ece"), (SHARPER, "brier")]
    assert misaligned_levels(found) == (SHARPER,)
    degraded = found.filter("shown", direction="accuracy_degraded")["level"].unique().to_list()
    assert degraded in ([], [SHUFFLED])


def test_temperatures_are_fitted_on_tuning_examples_alone(tables, table):
    predictions, examples, fitted = tables
    tuning = predicted(predictions, examples, "tuning")
    for level, sample in tuning.levels.items():
        (temperature,) = temperature_of(sample)
        row = one(table, "temperature", level)
        assert row["value"] == pytest.approx(temperature, abs=1e-9)
        assert row["low"] <= temperature <= row["high"]
        assert row["low"] < row["high"] or level == SHUFFLED
        assert (row["examples"], row["clusters"]) == (TUNING, TUNING)
        assert fitted.values[level] == temperature
    assert one(table, "temperature", 0)["low"] < 1 < one(table, "temperature", 0)["high"]
    sharper = one(table, "temperature", SHARPER)
    assert sharper["value"] == pytest.approx(3 * fitted.values[0], rel=1e-6)
    assert sharper["change"] == pytest.approx(2 * fitted.values[0], rel=1e-6)
    assert 0 < sharper["change_low"] < sharper["change"] < sharper["change_high"]
    assert sharper["p_value"] < 0.01
    # What the evaluation examples say makes no difference.
    other = predictions.with_columns(
        pl.when(pl.col("example_id") < f"e{SIZE:04d}")
        .then(-pl.col("log_likelihood"))
        .otherwise("log_likelihood")
        .alias("log_likelihood")
    )
    again = fitted_temperatures(other, examples, None, ANALYSIS)
    assert again is not None and again.values == fitted.values


@pytest.mark.parametrize("unit", ["token", "byte"])
def test_temperatures_follow_the_probabilities_that_are_judged(tables, table, unit):
    """Choices of one length: the same numbers but for the temperatures, which are so many times smaller."""
    predictions, examples, fitted = tables
    length = 400.0 if unit == "token" else float(len("option 0"))
    predictions = predictions.with_columns(tokens=pl.lit(400, pl.Int64))
    analysis = replace(ANALYSIS, probabilities=unit)
    found = fitted_temperatures(predictions, examples, None, analysis)
    assert found is not None
    for level, temperature in fitted.values.items():
        assert found.values[level] * length == pytest.approx(temperature, rel=1e-7)
    # Far below the bound of sums, and no temperature stops at it.
    assert unit == "byte" or 0 < found.values[0] < LOWEST / 10
    grouping = group_examples(examples.filter("evaluation"))
    judged = compute_metrics(predictions, examples, [], [], grouping, analysis, temperatures=found)
    for metric in ("ece_tempered", "nll_tempered", "nll_tempered_as_dense", "nll_lost"):
        for level in (SHARPER, SHUFFLED):
            own, of_sums = (one(each, metric, level) for each in (judged, table))
            assert own["value"] == pytest.approx(of_sums["value"], abs=1e-7), (metric, level)


def test_the_values_are_those_of_tempered_probabilities(tables, table):
    predictions, examples, fitted = tables
    found = predicted(predictions, examples)
    for level, sample in found.levels.items():
        for suffix, temperature in (
            ("tempered", fitted.values[level]),
            ("tempered_as_dense", fitted.values[0]),
        ):
            p = softmax(sample.log_probabilities / temperature)
            right = p[np.arange(SIZE), sample.labels]
            nll = one(table, f"nll_{suffix}", level)
            assert nll["value"] == pytest.approx(-np.log(right).mean(), abs=1e-9)
            brier = ((p - np.eye(3)[sample.labels]) ** 2).sum(axis=1).mean()
            assert one(table, f"brier_{suffix}", level)["value"] == pytest.approx(brier, abs=1e-9)
            edges = np.clip(np.ceil(p.max(axis=1) * 10) - 1, 0, 9).astype(int)
            gaps = np.bincount(edges, sample.correct - p.max(axis=1), minlength=10)
            ece = one(table, f"ece_{suffix}", level)
            assert ece["value"] == pytest.approx(np.abs(gaps).sum() / SIZE, abs=1e-9)
            assert ece["reference_low"] < ece["reference_high"]
            assert ece["low"] <= ece["value"] <= ece["high"]
            assert (level == 0) == (ece["change_low"] is None)


def test_the_band_contains_the_noise_of_the_fit(tables, table):
    """As wide as that of redrawn labels on tuning and evaluation examples; wider than that of the latter alone."""
    predictions, examples, fitted = tables
    tuning, evaluated = (
        predicted(predictions, examples, subset).levels for subset in ("tuning", "evaluation")
    )
    for metric in ("ece_tempered", "ece_tempered_as_dense"):
        for level in (0, SHARPER):
            source = 0 if metric.endswith("as_dense") else level
            truth = tempered(evaluated[level], fitted.values[source])
            fit = tempered(tuning[source], fitted.values[source])
            random = np.random.default_rng(3)
            values = []
            for _ in range(300):
                again = replace(fit, labels=drawn(fit.probabilities, random))
                own = tempered(truth, temperature_of(again)[0])
                own = replace(own, labels=drawn(truth.probabilities, random))
                values.append(PREDICTION_METRICS.load("ece").values(once(own))[0])
            row = one(table, metric, level)
            ends = np.quantile(values, [0.025, 0.975])
            assert (row["reference_low"], row["reference_high"]) == pytest.approx(ends, abs=0.008)
            assert fitted.refitted[source].std() > 0.03
    # No temperature makes shuffled log-likelihoods sure: refits are bounded as the fit is.
    bounds = np.array([LOWEST, HIGHEST]) / fitted.values[SHUFFLED]
    assert (
        bounds[0] <= fitted.refitted[SHUFFLED].min() < fitted.refitted[SHUFFLED].max() <= bounds[1]
    )


def test_values_are_those_of_predictions_that_are_tempered_already(tables, table):
    """The same numbers as those of a study whose predictions are tempered already; its band knows of no fit."""
    predictions, examples, fitted = tables
    scaled = predictions.with_columns(
        pl.col("log_likelihood") / pl.col("level").replace_strict(fitted.values)
    )
    already = table_of(scaled, examples, None)
    for metric in ("ece", "nll", "brier"):
        own, other = (
            each.drop("reference_low", "reference_high")
            for each in (
                table.filter(metric=f"{metric}_tempered"),
                already.filter(metric=metric),
            )
        )
        # The sharper level is the dense one again but for rounding, whose signs a test of its change would flip.
        assert_frame_equal(
            own.drop("metric", "p_value"), other.drop("metric", "p_value"), abs_tol=1e-9
        )
        assert_frame_equal(
            own.filter(level=SHUFFLED).drop("metric"),
            other.filter(level=SHUFFLED).drop("metric"),
            abs_tol=1e-9,
        )


def test_the_two_parts_add_up_to_the_rise(table):
    for level in (SHARPER, SHUFFLED):
        parts = [one(table, metric, level) for metric in ("nll_repairable", "nll_lost")]
        rise = one(table, "nll", level)["change"]
        assert sum(part["value"] for part in parts) == pytest.approx(rise, abs=1e-9)
        assert all(part["change"] == part["value"] for part in parts)
    assert table.filter(metric="nll_lost")["level"].to_list() == [SHARPER, SHUFFLED]


def test_a_sharper_model_is_repaired_and_a_shuffled_one_is_not(table):
    sharper, shuffled = (one(table, "nll_lost", level) for level in (SHARPER, SHUFFLED))
    assert sharper["value"] == pytest.approx(0, abs=1e-6)
    assert one(table, "nll_repairable", SHARPER)["low"] > 0.1
    ece = one(table, "ece_tempered", SHARPER)
    assert ece["value"] <= ece["reference_high"] < one(table, "ece", SHARPER)["value"]
    as_dense = one(table, "ece_tempered_as_dense", SHARPER)
    assert as_dense["value"] > as_dense["reference_high"]
    assert shuffled["change_low"] > 0.1 and shuffled["p_value"] < 0.01
    assert one(table, "temperature", SHUFFLED)["value"] > 3  # its best: hardly sure of anything


def test_two_choices_keep_auroc_and_aurc_under_any_temperature(tables):
    predictions, examples, fitted = tables
    two = predictions.filter(pl.col("option") < 2)
    examples = examples.with_columns(
        options=pl.col("options").list.head(2), label=pl.col("label").clip(0, 1)
    )
    scaled = two.with_columns(
        pl.col("log_likelihood") / pl.col("level").replace_strict(fitted.values)
    )
    before, after = (table_of(each, examples, None) for each in (two, scaled))
    for metric in ("auroc", "aurc", "accuracy"):
        assert_frame_equal(
            before.filter(metric=metric).select("value"),
            after.filter(metric=metric).select("value"),
            abs_tol=1e-9,
        )
    assert not before.filter(metric="ece").equals(after.filter(metric="ece"))


def test_without_tuning_examples_there_are_no_rows(tables):
    predictions, examples, _ = tables
    none = predictions.clear()
    assert fitted_temperatures(none, examples.filter("evaluation"), None, ANALYSIS) is None


def test_tuning_examples_without_predictions_are_refused(tables):
    predictions, examples, _ = tables
    with pytest.raises(ValueError, match="no prediction for any example of the tuning subset"):
        fitted_temperatures(predictions.clear(), examples, None, ANALYSIS)


def test_tuning_examples_that_share_a_text_are_drawn_together():
    """Ten tuning examples per text: 50 units, said in the row; the interval hides no dependence."""
    texts = [f"A passage long enough to be one, number {row}." for row in range(SIZE)]
    texts += [f"A shared passage that is long enough, {row // 10}." for row in range(TUNING)]
    predictions, examples = world(texts)
    fitted = fitted_temperatures(predictions, examples, None, ANALYSIS)
    row = one(table_of(predictions, examples, fitted), "temperature", 0)
    assert (row["examples"], row["clusters"]) == (TUNING, TUNING // 10)
    assert row["cluster_field"] is not None
    assert one(table_of(predictions, examples, fitted), "ece", 0)["cluster_field"] is None
    few = [f"A shared passage that is long enough, {row // 125}." for row in range(TUNING)]
    predictions, examples = world(texts[:SIZE] + few)
    fitted = fitted_temperatures(predictions, examples, None, ANALYSIS)
    row = one(table_of(predictions, examples, fitted), "temperature", SHARPER)
    assert row["clusters"] == 4 and row["value"] > 2
    assert row["low"] is None and row["change_low"] is None and row["p_value"] is None


def test_without_the_dense_level_there_is_nothing_to_compare_with():
    predictions, examples = world(levels=(SHARPER, SHUFFLED))
    fitted = fitted_temperatures(predictions, examples, None, ANALYSIS)
    found = table_of(predictions, examples, fitted)
    metrics = set(found["metric"])
    assert {"temperature", "ece_tempered"} <= metrics
    assert not {"ece_tempered_as_dense", "nll_lost", "nll_repairable"} & metrics
    assert found.filter(metric="temperature")["change"].null_count() == 2


def test_tempering_uses_the_same_function_as_the_rows(tables):
    predictions, examples, fitted = tables
    sample = predicted(predictions, examples).levels[SHARPER]
    own = tempered(sample, fitted.values[SHARPER])
    assert own.probabilities.sum(axis=1) == pytest.approx(1.0)
    assert own.confidence.mean() < sample.confidence.mean()
