"""P-values from the ends of intervals at a grid of confidences, against exact ones and against the intervals."""

import numpy as np
import polars as pl
import pytest
from made_predictions import examples_frame, predictions_frame
from scipy import stats
from scipy.optimize import brentq

from keepfaith.artifacts.schemas import METRICS
from keepfaith.statistics.assemble import compute_metrics
from keepfaith.statistics.bootstrap import percentile
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.comparison import Comparison
from keepfaith.statistics.confidence_curve import CURVE, FAR, ConfidenceCurve
from keepfaith.statistics.proportions import tango
from keepfaith.statistics.settings import Analysis
from keepfaith.statistics.verdict import verdict

ANALYSIS = Analysis(repetitions=4000, null_repetitions=300, seed=2)


def test_ends_of_a_normal_distribution_give_its_p_values_at_every_margin():
    """Also beyond the grid, which ends at 3.72 standard errors."""
    ends = 0.02 * stats.norm.ppf((1 + np.array(CURVE)) / 2)
    curve = ConfidenceCurve.of(-0.1 - ends, -0.1 + ends, sign=-1)
    for margin in np.linspace(-0.05, 0.25, 61):
        assert curve.p_at_least(margin) == pytest.approx(
            stats.norm.sf((margin - 0.1) / 0.02), rel=1e-9
        )
        assert curve.p_at_most(margin) == pytest.approx(
            stats.norm.cdf((margin - 0.1) / 0.02), rel=1e-9
        )


@pytest.mark.parametrize("freedom", [15, 49, 199])
def test_ends_of_t_intervals_give_the_p_values_of_the_t_test(freedom):
    """Between the ends the score is interpolated: p-values down to .001 are off by at most 3 %."""
    ends = stats.t.ppf((1 + np.array(CURVE)) / 2, freedom)
    curve = ConfidenceCurve.of(-ends, ends)
    for margin in np.linspace(-3, 3, 121):
        assert curve.p_at_least(margin) == pytest.approx(stats.t.sf(margin, freedom), rel=0.03)


def test_the_bootstrap_of_normal_samples_agrees_with_the_t_test():
    """Over 60 samples of 100, at margins of -2, -1, 1 and 2 standard errors; 4,000 resamples have errors of .006."""
    random = np.random.default_rng(0)
    changes = 0.1 * random.normal(size=(100, 60))
    values = np.concatenate([np.zeros((100, 1)), changes], axis=1)
    rows = Comparison(range(61), np.arange(100), ANALYSIS).of_means(values)[1:]
    for sign in (-2, -1, 1, 2):
        differences = []
        for row, sample in zip(rows, changes.T, strict=True):
            curve = ConfidenceCurve.of(row.curve_low, row.curve_high)
            margin = sample.mean() + sign * sample.std(ddof=1) / 10
            exact = stats.ttest_1samp(sample, margin, alternative="less").pvalue
            differences.append(curve.p_at_least(margin) - exact)
        assert abs(np.mean(differences)) < 0.01
        assert np.abs(differences).max() < 0.03


@pytest.mark.parametrize(
    ("gained", "lost", "trials"), [(0, 0, 300), (3, 12, 300), (0, 4, 60), (150, 130, 2000)]
)
@pytest.mark.parametrize("margin", [0.005, 0.01, 0.02, 0.05])
def test_tangos_test_inverted_directly_gives_the_same_p_values(gained, lost, trials, margin):
    """The confidence whose interval ends at the margin, by root finding."""
    ends = np.array([tango(gained, lost, trials, each) for each in CURVE])
    curve = ConfidenceCurve.of(ends[:, 0], ends[:, 1], sign=-1)
    above = (lost - gained) / trials < margin  # then the upper end of the harm reaches it

    def distance(z: float) -> float:
        low, high = tango(gained, lost, trials, 2 * stats.norm.cdf(z) - 1)
        return (-low if above else -high) - margin

    z = brentq(distance, 1e-9, 8.0)
    found = curve.p_at_least(margin) if above else curve.p_at_most(margin)
    # No discordant pair: the score grows with the root of the margin.
    if z > stats.norm.ppf(0.9999):
        assert found < 0.0001
    else:
        assert stats.norm.isf(found) == pytest.approx(z, abs=0.05)


def test_p_values_pass_exactly_where_the_end_of_an_interval_does():
    """Skewed, discrete and tied samples; margins on the ends themselves and between them."""
    random = np.random.default_rng(1)
    for _ in range(40):
        sample = random.choice([0.0, 0.0, 0.1, 1.0], size=(30, 1)) - random.random((30, 1)).round(1)
        values = np.concatenate([np.zeros_like(sample), sample], axis=1)
        row = Comparison([0, 1], np.arange(30), ANALYSIS).of_means(values)[1]
        curve = ConfidenceCurve.of(row.curve_low, row.curve_high)
        ends = np.concatenate([row.curve_low, row.curve_high])
        margins = np.concatenate([ends, random.uniform(-0.6, 0.9, 20), [-5.0, 5.0]])
        for margin in margins:
            for confidence, low, high in zip(CURVE, row.curve_low, row.curve_high, strict=True):
                tail, rounding = (1 - confidence) / 2, 1e-12
                assert (curve.p_at_least(margin) <= tail + rounding) == (high <= margin)
                assert (curve.p_at_most(margin) < tail - rounding) == (low > margin)
        found = [curve.p_at_least(margin) for margin in sorted(margins)]
        assert found == sorted(found, reverse=True)
        assert 0 <= found[-1] <= found[0] <= 1


def test_one_value_of_all_texts_leaves_no_doubt_but_at_that_value():
    curve = ConfidenceCurve.of([0.1] * len(CURVE), [0.1] * len(CURVE))
    assert (curve.p_at_least(0.11), curve.p_at_most(0.11)) == (0.0, 1.0)
    assert (curve.p_at_least(0.09), curve.p_at_most(0.09)) == (1.0, 0.0)
    assert curve.p_at_least(0.1) == pytest.approx(0.0001)


def test_an_end_that_a_wider_interval_leaves_out_again_is_moved_outwards():
    low, high = -np.arange(1.0, 11), np.arange(1.0, 11)
    low[5] = -4.5
    moved = -np.array([1.0, 2, 3, 4, 5, 5, 7, 8, 9, 10])
    for margin in (-4.7, -4.5, -5.5):
        expected = ConfidenceCurve.of(moved, high).p_at_most(margin)
        assert ConfidenceCurve.of(low, high).p_at_most(margin) == expected


@pytest.mark.slow
@pytest.mark.parametrize("world", ["normal", "gains", "losses"])
def test_small_p_values_are_about_as_rare_as_they_say(world):
    """10,000 samples of 200 with a harm at the margin, in the tail that a correction over 30 tests reads."""
    random = np.random.default_rng(1)
    found = []
    for _ in range(20):
        noise = random.normal(size=(200, 500))
        if world != "normal":
            noise = (random.exponential(size=noise.shape) - 1) * (1 if world == "losses" else -1)
        harms = 0.1 + 0.15 * noise
        values = np.concatenate([np.zeros((200, 1)), harms], axis=1)
        levels = Comparison(range(501), np.arange(200), ANALYSIS)
        change = levels._intervals(values[:, 1:], CURVE, None, FAR)
        found += [
            ConfidenceCurve(change.low[:, k], change.high[:, k]).p_at_most(0.1) for k in range(500)
        ]
    small = np.array(found) <= 0.025 / 30
    assert small.mean() <= 0.025 / 30 + 3 * np.sqrt(0.025 / 30 / len(small))


@pytest.fixture(scope="module")
def metrics() -> pl.DataFrame:
    """METRICS of two pruned levels and 200 examples."""
    random = np.random.default_rng(5)
    dense = random.normal(size=(200, 2)) * 2
    levels = {0: dense} | {k: dense + 0.4 * k * random.normal(size=dense.shape) for k in (1, 2)}
    examples = examples_frame(
        (dense[:, 1] + random.normal(size=200) > dense[:, 0]).astype(int).tolist(), [2] * 200
    )
    predictions = predictions_frame({k: scores.tolist() for k, scores in levels.items()})
    grouping = group_examples(examples)
    return compute_metrics(predictions, examples, [], [], grouping, ANALYSIS)


def test_every_interval_of_holms_steps_has_a_curve_by_the_same_method(metrics):
    rows = metrics.filter(pl.col("holm_low").is_not_null())
    assert set(rows["metric"]) >= {"accuracy", "brier", "ece", "nll", "ece_corrected", "auroc"}
    assert (rows["curve_low"].list.len() == len(CURVE)).all()
    at = CURVE.index(0.95)
    assert rows["curve_low"].list.get(at).to_list() == rows["change_low"].to_list()
    assert rows["curve_high"].list.get(at).to_list() == rows["change_high"].to_list()
    assert metrics.filter(pl.col("holm_low").is_null())["curve_low"].null_count() == (
        metrics["holm_low"].null_count()
    )


def test_the_verdict_says_how_confident_one_is_that_the_harm_exceeds_the_margin(metrics):
    table = verdict(metrics, {"accuracy": 0.02, "brier": 0.02, "ece": 0.02})
    assert table["beyond_margin"].is_between(0, 1).all()
    for row in table.iter_rows(named=True):
        assert (row["beyond_margin"] <= 0.025 + 1e-9) == (row["harm_high"] <= row["margin"])
        assert (row["beyond_margin"] > 0.975 + 1e-9) == (row["harm_low"] > row["margin"])
    accuracy = metrics.filter(pl.col("metric") == "accuracy", pl.col("level") > 0)
    expected = [
        ConfidenceCurve.of(low, high, sign=-1).p_at_least(0.02)
        for low, high in accuracy.select("curve_low", "curve_high").iter_rows()
    ]
    assert table.filter(quantity="accuracy")["beyond_margin"].to_list() == pytest.approx(expected)
    without = metrics.with_columns(
        *(pl.lit(None, dtype=pl.List(pl.Float64)).alias(f"curve_{end}") for end in ("low", "high"))
    )
    assert verdict(without, {"accuracy": 0.02})["beyond_margin"].null_count() == 2
    assert list(METRICS.columns)[-3:] == ["examples", "clusters", "cluster_field"]


def test_percentile_intervals_have_a_curve_too():
    replicates = np.random.default_rng(0).normal(0.03, 0.01, size=20_000)
    ends = np.array([percentile(replicates, each) for each in CURVE])
    curve = ConfidenceCurve.of(ends[:, 0], ends[:, 1])
    for margin in (0.01, 0.02, 0.045):
        share = (replicates >= margin).mean()
        assert 1 - curve.p_at_most(margin) == pytest.approx(share, abs=0.004)
