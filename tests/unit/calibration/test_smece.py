"""smECE against its definition: a direct convolution with the reflected kernel on a fine grid."""

import numpy as np
import pytest
from made_predictions import binary_sample, random_sample
from scipy.optimize import brentq

from keepfaith.calibration.draws import once, reweighted
from keepfaith.calibration.probabilities import Sample
from keepfaith.plugins.metric import PREDICTION_METRICS

IMAGES = np.arange(-3, 4)
"""Mirror images of [0, 1] that a Gaussian can reach at the widths compared here."""


def midpoints(cells: int) -> np.ndarray:
    return (np.arange(cells) + 0.5) / cells


def value(sample: Sample) -> float:
    return float(PREDICTION_METRICS.load("smece").values(once(sample))[0])


def smoothed(sample: Sample, width: float, cells: int) -> float:
    """Integral of |mean over i of (y_i - c_i) K(c_i, t)|; K sums a Gaussian over the images 2k + t and 2k - t."""
    grid, gaps = midpoints(cells), sample.correct - sample.confidence
    images = np.concatenate([2 * IMAGES[:, None] + grid, 2 * IMAGES[:, None] - grid])  # (k, t)
    distances = (images - sample.confidence[:, None, None]) / width  # (n, k, t)
    kernel = np.exp(-(distances**2) / 2).sum(axis=1) / (width * np.sqrt(2 * np.pi))
    return float(np.abs(gaps @ kernel / sample.size).mean())


def definition(sample: Sample, cells: int = 500) -> float:
    return float(brentq(lambda width: smoothed(sample, width, cells) - width, 5e-3, 1.0, xtol=1e-5))


def test_smece_equals_a_direct_convolution():
    random = np.random.default_rng(0)
    for seed in range(200):
        sample = random_sample(
            seed, int(random.integers(2, 25)), int(random.integers(2, 5)), random.uniform(0.2, 4)
        )
        assert value(sample) == pytest.approx(definition(sample), abs=1e-4)


def test_a_narrow_kernel_is_exact_too():
    """Gaps of both signs, confidences apart by less than a cell: about the smallest width that occurs."""
    claimed = np.linspace(0.5, 1.0, 2001)
    right = np.random.default_rng(0).random(2001) < claimed
    sample = binary_sample(claimed.tolist(), right.tolist())
    assert value(sample) < 0.03
    assert value(sample) == pytest.approx(definition(sample), abs=1e-4)


def test_one_confidence_for_all_has_the_plain_gap():
    """Gaps of one sign: the integral is their mean at any width."""
    sample = binary_sample([0.7] * 10, [True] * 4 + [False] * 6)
    assert value(sample) == pytest.approx(0.3, abs=1e-9)


def test_gaps_that_a_narrow_kernel_cancels_are_solved_too():
    """Neighbouring confidences, all right at one and all wrong at the next: smECE_s falls steeply at small widths."""
    claimed = np.repeat(midpoints(512)[256:], 4)
    sample = binary_sample(claimed.tolist(), np.tile(np.repeat([True, False], 4), 128).tolist())
    assert value(sample) == pytest.approx(definition(sample, 4096), abs=1e-4)


@pytest.mark.parametrize(("right", "expected"), [(True, 0.0), (False, 1.0)])
def test_certain_answers_that_are_all_right_or_all_wrong(right, expected):
    assert value(binary_sample([1.0] * 5, [right] * 5)) == pytest.approx(expected, abs=1e-9)


def test_many_weights_at_once_are_those_one_by_one():
    sample = random_sample(2, size=50)
    weights = np.random.default_rng(0).multinomial(50, np.full(50, 1 / 50), size=30).astype(float)
    values = PREDICTION_METRICS.load("smece").values
    alone = [values(reweighted(sample, row[None]))[0] for row in weights]
    np.testing.assert_allclose(values(reweighted(sample, weights)), alone, atol=1e-12)
