from dataclasses import replace

import numpy as np
import pytest
from made_predictions import random_sample

from keepfaith.calibration.draws import once
from keepfaith.calibration.null_band import null_bands, null_labels, simulated_labels
from keepfaith.calibration.probabilities import Sample, sample_of
from keepfaith.calibration.temperature import tempered
from keepfaith.plugins.metric import PREDICTION_METRICS


def test_labels_follow_the_probabilities_and_never_name_a_missing_option():
    probabilities = np.array([[0.2, 0.8, 0.0], [0.1, 0.3, 0.6], [1.0, 0.0, 0.0]])
    uniforms = np.random.default_rng(0).random((20_000, 3))
    labels = simulated_labels(probabilities, uniforms)
    shares = np.stack([(labels == option).mean(axis=0) for option in range(3)], axis=1)
    np.testing.assert_allclose(shares, probabilities, atol=0.01)
    assert labels[:, 0].max() == 1
    edge = simulated_labels(probabilities * (1 - 1e-9), np.full((1, 3), np.nextafter(1, 0)))
    assert edge.tolist() == [[1, 2, 0]]


def test_the_band_equals_a_loop_over_simulated_sets():
    sample = random_sample(3, size=50, options=3)
    bands = null_bands(sample, ("ece", "brier", "nll", "accuracy"), repetitions=200, seed=5)
    uniforms = np.random.default_rng(5).random((200, 50))
    for name, band in bands.items():
        values = []
        for row in uniforms:
            labels = [
                int(np.searchsorted(np.cumsum(p)[:-1], u, side="right"))
                for p, u in zip(sample.probabilities, row, strict=True)
            ]
            redrawn = sample_of(sample.log_probabilities, np.array(labels))
            values.append(PREDICTION_METRICS.load(name).values(once(redrawn))[0])
        assert band.mean == pytest.approx(np.mean(values), abs=1e-12)
        low, high = np.quantile(values, [0.025, 0.975])
        assert (band.low, band.high) == pytest.approx((low, high), abs=1e-12)


@pytest.mark.parametrize(
    ("size", "width", "mass", "ks", "upper"),
    [
        (200, 0.068, 0.082, 0.040, 0.101),
        (277, 0.056, 0.068, 0.034, 0.081),
        (500, 0.043, 0.051, 0.025, 0.065),
        (1172, 0.027, 0.033, 0.016, 0.041),
        (3270, 0.017, 0.020, 0.010, 0.025),
    ],
)
def test_the_floor_at_known_sizes(size, width, mass, ks, upper):
    """Floors known from a simulation whose confidences are not stated; uniform on (.2, .9) agrees with all."""
    claimed = np.random.default_rng(1).uniform(0.2, 0.9, size)
    right = np.stack([claimed, 1 - claimed], axis=1)
    zeros = np.zeros(size, dtype=np.int64)
    sample = Sample(np.log(right), right, zeros, zeros, claimed)
    names = ("ece", "ece_mass", "ks", "debiased_squared_ce")
    bands = null_bands(sample, names, repetitions=400, confidence=0.9)
    assert bands["ece"].mean == pytest.approx(width, rel=0.1)
    assert bands["ece_mass"].mean == pytest.approx(mass, rel=0.1)
    assert bands["ks"].mean == pytest.approx(ks, rel=0.1)
    assert bands["ece"].high == pytest.approx(upper, rel=0.1)
    assert bands["debiased_squared_ce"].mean == pytest.approx(0.0, abs=0.0006)


def test_same_seed_same_band_and_other_seed_other_band():
    sample = random_sample(3)
    first, again, other = (null_bands(sample, ("ece",), seed=seed) for seed in (0, 0, 1))
    assert first == again != other


def test_a_constant_has_a_band_of_no_width_and_an_undefined_metric_has_none():
    certain = sample_of(np.array([[0.0, -1e6], [0.0, -1e6]]), np.array([0, 1]))
    bands = null_bands(certain, ("mean_confidence", "auroc"))
    assert "auroc" not in bands
    assert bands["mean_confidence"].low == bands["mean_confidence"].high == 1.0


def test_after_a_fitted_temperature_the_band_is_that_of_a_loop_over_other_fits():
    """Each set of labels under its own fit; quantiles of 2,000 fits in place of these agree but for noise."""
    sample, refitted = (
        random_sample(4, 200, 3),
        np.exp(np.random.default_rng(0).normal(0, 0.2, 2000)),
    )
    names = ("ece", "nll", "brier")
    bands = null_bands(sample, names, repetitions=2000, seed=5, refitted=refitted)
    labels = null_labels(sample, None, 2000, np.random.default_rng(6))
    for name in names:
        metric = PREDICTION_METRICS.load(name)
        values = [
            float(metric.values(once(replace(tempered(sample, other), labels=row)))[0])
            for other, row in zip(refitted, labels, strict=True)
        ]
        low, high = np.quantile(values, [0.025, 0.975])
        assert (bands[name].low, bands[name].mean, bands[name].high) == pytest.approx(
            (low, np.mean(values), high), abs=0.1 * (high - low)
        )
    alone = null_bands(sample, names, repetitions=2000, seed=5)
    assert bands["ece"].high > alone["ece"].high
    same = null_bands(sample, names, repetitions=2000, seed=5, refitted=np.ones(3))
    for name in names:
        assert same[name].high == pytest.approx(alone[name].high, abs=1e-9)
