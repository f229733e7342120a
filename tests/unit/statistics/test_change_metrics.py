"""Flips, divergences and silent change against scipy and loops."""

import numpy as np
import pytest
from made_predictions import random_sample
from scipy.stats import entropy

from keepfaith.calibration.probabilities import Predicted, Sample, sample_of
from keepfaith.statistics.change_metrics import CHANGE_METRICS, change_rows, divergence
from keepfaith.statistics.comparison import Comparison
from keepfaith.statistics.proportions import wilson
from keepfaith.statistics.settings import Analysis

ANALYSIS = Analysis(repetitions=400)
SIZE = 80


def levels() -> dict[int, Sample]:
    """A dense level and two that differ from it more and more; examples with two to four choices."""
    random = np.random.default_rng(0)
    scores = random.normal(size=(SIZE, 4))
    counts = random.integers(2, 5, SIZE)
    labels = random.integers(0, 2, SIZE)

    def sample(noise: float) -> Sample:
        found = scores + noise * random.normal(size=scores.shape)
        return sample_of(np.where(np.arange(4) < counts[:, None], found, -np.inf), labels)

    return {0: sample(0.0), 3: sample(0.5), 5: sample(2.0)}


def rows(samples: dict[int, Sample], clusters: np.ndarray | None = None) -> dict:
    labels = next(iter(samples.values())).labels
    found = Predicted(tuple(map(str, range(SIZE))), 0.5, labels, None, samples)
    clusters = np.arange(SIZE) if clusters is None else clusters
    table = change_rows(found, Comparison(list(samples), clusters, ANALYSIS))
    return {(row["metric"], row["level"]): row for row in table}


def test_divergence_equals_scipy():
    samples = levels()
    for one in samples.values():
        for other in samples.values():
            real = [p > 0 for p in one.probabilities]
            peer = [
                entropy(p[r], q[r])
                for p, q, r in zip(one.probabilities, other.probabilities, real, strict=True)
            ]
            np.testing.assert_allclose(divergence(one, other), peer, atol=1e-12)


def test_divergences_of_200_random_pairs_equal_scipy():
    random = np.random.default_rng(1)
    for seed in range(200):
        size, options = int(random.integers(1, 60)), int(random.integers(2, 6))
        sharpness = random.uniform(0.2, 8, 2)
        one, other = (
            random_sample(1000 * part + seed, size, options, sharpness[part]) for part in (0, 1)
        )
        for p, q in ((one, other), (other, one)):
            peer = entropy(p.probabilities, q.probabilities, axis=1)
            np.testing.assert_allclose(divergence(p, q), peer, atol=1e-12)


def test_values_are_those_of_a_loop():
    samples = levels()
    found, dense = rows(samples), samples[0]
    for level in (3, 5):
        own = samples[level]
        flips = own.prediction != dense.prediction
        silent = np.abs(own.confidence - dense.confidence)[~flips]
        assert 0 < flips.sum() < SIZE
        expected = {
            "flips": flips.mean(),
            "kl_dense_level": divergence(dense, own).mean(),
            "kl_level_dense": divergence(own, dense).mean(),
            "silent_change": silent.mean(),
        }
        for name, value in expected.items():
            row = found[name, level]
            assert row["value"] == row["change"] == pytest.approx(value, abs=1e-12)
            assert row["low"] == row["change_low"] < value < row["high"] == row["change_high"]
            assert row["p_value"] is None
            assert (row["examples"], row["clusters"]) == (SIZE, SIZE)
    low, high = wilson(int((samples[3].prediction != dense.prediction).sum()), SIZE)
    assert (found["flips", 3]["low"], found["flips", 3]["high"]) == pytest.approx((low, high))


def test_the_dense_level_is_0_and_has_no_interval():
    found = rows(levels())
    for name in CHANGE_METRICS:
        row = found[name, 0]
        assert row["value"] == row["change"] == 0.0
        assert [row[end] for end in ("low", "high", "change_low", "change_high")] == [None] * 4


def test_an_equal_level_changes_nothing_and_without_the_dense_level_there_is_nothing_to_compare():
    samples = levels()
    same = rows({0: samples[0], 4: samples[0]})
    assert [same[name, 4]["value"] for name in CHANGE_METRICS] == [0.0] * len(CHANGE_METRICS)
    assert same["flips", 4]["high"] > 0.03  # no flip among 80 does not exclude some
    assert rows({3: samples[3], 5: samples[5]}) == {}


def test_no_silent_change_where_all_predictions_flip():
    dense = random_sample(0, size=SIZE, options=2)
    swapped = sample_of(dense.log_probabilities[:, ::-1], dense.labels)
    found = rows({0: dense, 1: swapped})
    assert found["flips", 1]["value"] == 1.0
    assert found["silent_change", 1]["value"] is None
    assert found["silent_change", 1]["low"] is None


def test_a_certain_choice_diverges_by_a_finite_amount():
    dense = sample_of(np.array([[0.0, -2000.0]]), np.array([0]))
    level = sample_of(np.array([[-2000.0, 0.0]]), np.array([0]))
    assert divergence(dense, level).tolist() == [2000.0]


def test_the_95th_percentile_is_that_of_numpy_and_its_interval_that_of_resamples():
    samples = levels()
    found = rows(samples)
    weights = Comparison([0], np.arange(SIZE), ANALYSIS).weights
    for name, values in (
        ("kl_dense_level_p95", divergence(samples[0], samples[5])),
        ("kl_level_dense_p95", divergence(samples[5], samples[0])),
    ):
        row = found[name, 5]
        expected = np.quantile(values, 0.95, method="inverted_cdf")
        assert row["value"] == row["change"] == pytest.approx(expected, abs=1e-12)
        assert (values <= row["value"]).mean() >= 0.95 > (values < row["value"]).mean()
        resampled = [
            np.quantile(np.repeat(values, row.astype(int)), 0.95, method="inverted_cdf")
            for row in weights
        ]
        ends = np.quantile(resampled, [0.025, 0.975])
        assert (row["low"], row["high"]) == pytest.approx(ends, abs=1e-12)
        assert (row["change_low"], row["change_high"]) == (row["low"], row["high"])
        assert row["p_value"] is None


def test_shared_texts_widen_the_interval_of_flips():
    samples = levels()
    shared = rows(samples, np.arange(SIZE) // 10)["flips", 5]
    single = rows(samples)["flips", 5]
    assert shared["low"] <= single["low"] and shared["high"] >= single["high"]


def test_the_interval_of_a_divergence_is_that_of_its_mean():
    samples = levels()
    comparison = Comparison(list(samples), np.arange(SIZE), ANALYSIS)
    values = divergence(samples[0], samples[5])
    (numbers,) = Comparison([5], comparison.clusters, ANALYSIS).of_means(values[:, None])
    row = rows(samples)["kl_dense_level", 5]
    assert (row["low"], row["high"]) == pytest.approx((numbers.low, numbers.high), abs=1e-12)
