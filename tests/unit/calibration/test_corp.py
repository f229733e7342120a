"""The CORP parts of the top label's Brier score and NLL against a plain pool-adjacent-violators loop."""

import numpy as np
import pytest
from made_predictions import binary_sample, random_sample
from sklearn.metrics import brier_score_loss, log_loss

from keepfaith.calibration.draws import once, reweighted
from keepfaith.calibration.null_band import null_bands
from keepfaith.calibration.probabilities import Sample, sample_of
from keepfaith.plugins.metric import PREDICTION_METRICS

PARTS = ("miscalibration", "discrimination", "uncertainty")


def parts(score: str, sample: Sample) -> list[float]:
    return [
        float(PREDICTION_METRICS.load(f"top_{score}_{part}").values(once(sample))[0])
        for part in PARTS
    ]


def pooled(confidence: np.ndarray, right: np.ndarray) -> np.ndarray:
    """[n], fitted rates: blocks of equal confidences, joined as long as one is not above the one before it."""
    blocks: list[list[np.ndarray]] = []
    for value in np.unique(confidence):
        blocks.append([np.flatnonzero(confidence == value)])
        while len(blocks) > 1 and mean_of(blocks[-2], right) >= mean_of(blocks[-1], right):
            last = blocks.pop()
            blocks[-1] += last
    rates = np.empty(len(right))
    for block in blocks:
        rates[np.concatenate(block)] = mean_of(block, right)
    return rates


def mean_of(block: list[np.ndarray], right: np.ndarray) -> float:
    return float(right[np.concatenate(block)].mean())


def brier(forecast: np.ndarray, right: np.ndarray) -> float:
    return float(np.mean((forecast - right) ** 2))


def nll(forecast: np.ndarray, right: np.ndarray) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(-np.mean(np.where(right > 0, np.log(forecast), np.log(1 - forecast))))


def test_parts_equal_a_plain_loop_and_add_up_to_the_score():
    random = np.random.default_rng(0)
    for seed in range(200):
        # Coarse log-likelihoods make equal confidences likely.
        sample = random_sample(
            seed, int(random.integers(2, 80)), int(random.integers(2, 5)), random.uniform(0.3, 3)
        )
        if seed % 2:
            sample = sample_of(sample.log_probabilities.round(0), sample.labels)
        right = sample.correct.astype(float)
        rates, base = pooled(sample.confidence, right), np.full(sample.size, right.mean())
        for name, score in (("brier", brier), ("nll", nll)):
            of = [score(forecast, right) for forecast in (sample.confidence, rates, base)]
            found = parts(name, sample)
            expected = [of[0] - of[1], of[2] - of[1], of[2]]
            np.testing.assert_allclose(found, expected, atol=1e-12)
            assert found[0] - found[1] + found[2] == pytest.approx(of[0], abs=1e-12)
            assert min(found) > -1e-12


def test_with_two_choices_the_parts_add_up_to_the_scores_of_scikit_learn():
    sample = random_sample(1, size=300, options=2)
    wrong_and_right = np.stack([1 - sample.confidence, sample.confidence], axis=1)
    scores = {
        "brier": brier_score_loss(sample.correct, sample.confidence),
        "nll": log_loss(sample.correct, wrong_and_right),
    }
    for name, score in scores.items():
        miscalibration, discrimination, uncertainty = parts(name, sample)
        assert miscalibration - discrimination + uncertainty == pytest.approx(score, abs=1e-12)


def test_a_stated_rate_loses_nothing_and_one_value_for_all_discriminates_nothing():
    honest = binary_sample([0.5, 0.5, 0.8, 0.8, 0.8, 0.8, 0.8], [True, False, *[True] * 4, False])
    constant = binary_sample([0.9] * 4, [True, True, False, False])
    for name, misses in (("brier", 0.4**2), ("nll", -np.log(0.9 * 0.1) / 2 - np.log(2))):
        miscalibration, discrimination, _ = parts(name, honest)
        assert miscalibration == pytest.approx(0, abs=1e-12) and discrimination > 0.01
        assert parts(name, constant)[:2] == pytest.approx([misses, 0], abs=1e-12)


@pytest.mark.parametrize("right", [True, False])
def test_all_right_and_all_wrong(right):
    sample = binary_sample([0.6, 0.7, 0.9], [right] * 3)
    for name, score in (("brier", brier), ("nll", nll)):
        stated = score(sample.confidence, sample.correct.astype(float))
        assert parts(name, sample) == pytest.approx([stated, 0, 0], abs=1e-12)


def test_a_confidence_that_rounds_to_one_has_a_finite_nll():
    sample = sample_of(np.array([[0.0, -50.0], [0.0, -50.0]]), np.array([0, 1]))
    assert sample.confidence.tolist() == [1.0, 1.0]
    assert parts("nll", sample) == pytest.approx([25 - np.log(2), 0, np.log(2)])


def test_a_resample_is_the_sample_it_draws():
    sample = random_sample(5, size=60, options=3)
    weights = np.random.default_rng(0).multinomial(60, np.full(60, 1 / 60), size=20)
    for name in (f"top_{score}_{part}" for score in ("brier", "nll") for part in PARTS):
        metric = PREDICTION_METRICS.load(name)
        found = metric.values(reweighted(sample, weights.astype(float)))
        for value, row in zip(found, weights, strict=True):
            rows = np.repeat(np.arange(60), row)
            drawn = sample_of(sample.log_probabilities[rows], sample.labels[rows])
            assert value == pytest.approx(float(metric.values(once(drawn))[0]), abs=1e-12)


@pytest.mark.parametrize(("size", "mean"), [(277, 0.0079), (3270, 0.0016)])
def test_the_miscalibration_of_a_calibrated_model_at_known_sizes(size, mean):
    """Floors known from a simulation whose confidences are not stated; those of a sharp model agree with both."""
    claimed = 1 / (1 + np.exp(-np.abs(np.random.default_rng(1).normal(0, 4, size))))
    right = np.stack([claimed, 1 - claimed], axis=1)
    zeros = np.zeros(size, dtype=np.int64)
    sample = Sample(np.log(right), right, zeros, zeros, claimed)
    band = null_bands(sample, ("top_brier_miscalibration",), repetitions=400)
    assert band["top_brier_miscalibration"].mean == pytest.approx(mean, rel=0.15)
