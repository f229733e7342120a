import numpy as np
import pytest
from made_predictions import drawn

from keepfaith.calibration.draws import once
from keepfaith.calibration.exact_error import exact_ece, exact_error, probability_right
from keepfaith.calibration.interval import corrected_error
from keepfaith.calibration.probabilities import Sample, sample_of
from keepfaith.plugins.metric import PREDICTION_METRICS

RELIABILITIES = np.array([0.98, 0.95, 0.85, 0.65])


def hedged(seed: int, size: int, sharpness: float, noise: float) -> tuple[Sample, np.ndarray]:
    """A sample against a posterior of four grades of trust, as the built-in tasks have."""
    generator = np.random.default_rng(seed)
    trust = generator.choice(RELIABILITIES, size)
    stated = generator.integers(0, 2, size)
    posterior = np.stack([1 - trust, trust], axis=1)
    posterior[stated == 0] = posterior[stated == 0][:, ::-1]
    scores = sharpness * np.log(posterior) + noise * generator.normal(size=(size, 2))
    return sample_of(scores, drawn(posterior, generator)), posterior


def test_the_exact_error_is_the_mean_gap_to_the_posterior_in_each_bin():
    sample, posterior = hedged(0, 300, 2.0, 0.5)
    right = probability_right(sample, posterior)
    total = 0.0
    for b in range(10):
        members = (sample.confidence > b / 10) & (sample.confidence <= (b + 1) / 10)
        total += abs((right - sample.confidence)[members].sum()) / 300
    assert exact_ece(sample, posterior) == pytest.approx(total, abs=1e-12)


def pointwise(sample: Sample, posterior: np.ndarray) -> float:
    """Mean over examples of |exact probability of being right - confidence|: no bins, so at least the binned error."""
    return float(np.abs(probability_right(sample, posterior) - sample.confidence).mean())


def test_a_model_that_states_the_posterior_has_no_exact_error():
    sample, posterior = hedged(1, 200, 1.0, 0.0)
    estimated = corrected_error(sample)
    found = exact_error(sample, posterior, estimated)
    assert found.value == pytest.approx(0.0, abs=1e-12)
    assert pointwise(sample, posterior) == pytest.approx(0.0, abs=1e-12)
    assert estimated.observed > 0.0
    assert found.low == 0.0
    assert found.low <= found.value <= found.high


def test_ece_over_redrawn_labels_centres_above_the_exact_error():
    sample, posterior = hedged(2, 400, 2.5, 1.0)
    found = exact_error(sample, posterior, corrected_error(sample), repetitions=500)
    ece = PREDICTION_METRICS.load("ece").values
    generator = np.random.default_rng(9)
    redrawn = [
        ece(once(Sample(**{**vars(sample), "labels": drawn(posterior, generator)})))[0]
        for _ in range(500)
    ]
    low, high = np.quantile(redrawn, [0.025, 0.975])
    assert (found.plug_in_low, found.plug_in_high) == pytest.approx((low, high), abs=0.01)
    assert np.mean(redrawn) >= found.value
    assert found.value <= pointwise(sample, posterior)


@pytest.mark.parametrize(("sharpness", "noise"), [(1.0, 0.0), (1.3, 0.3), (3.0, 2.0), (0.2, 1.0)])
def test_the_interval_holds_the_exact_error_about_as_often_as_it_says(sharpness, noise):
    trials = [hedged(seed, 300, sharpness, noise) for seed in range(60)]
    held, errors, plug_in_errors = 0, [], []
    for sample, posterior in trials:
        found = corrected_error(sample, repetitions=200)
        exact = exact_ece(sample, posterior)
        low, high = found.interval()
        held += low - 1e-12 <= exact <= high + 1e-12
        errors.append(found.value - exact)
        plug_in_errors.append(PREDICTION_METRICS.load("ece").values(once(sample))[0] - exact)
    assert held >= 52  # at 95 %, fewer than 53 of 60 happen once in 200
    assert abs(np.mean(errors)) <= max(abs(np.mean(plug_in_errors)), 0.01)


def test_the_interval_holds_its_estimate_and_the_observed_ece():
    for seed in range(20):
        sample, _ = hedged(seed, 120, 1.0 + seed / 10, 0.5)
        found = corrected_error(sample, repetitions=200)
        for confidence in (0.5, 0.95, 0.99):
            low, high = found.interval(confidence)
            assert 0.0 <= low <= found.value <= high
            assert low <= PREDICTION_METRICS.load("ece").values(once(sample))[0] <= high + 1e-12


def test_an_observed_error_of_zero_still_has_an_upper_end():
    scores = np.array([[0.0, -1e3]] * 30)
    found = corrected_error(sample_of(scores, np.zeros(30, int)))
    low, high = found.interval()
    assert found.value == low == 0.0
    assert 0.05 < high < 0.2  # rule of three: an error rate of 3 / 30 may go unseen


def test_same_seed_same_interval():
    sample, posterior = hedged(0, 100, 2.0, 0.5)
    first, again = (corrected_error(sample, seed=3) for _ in range(2))
    assert first.interval() == again.interval()
    assert exact_error(sample, posterior, first) == exact_error(sample, posterior, again)
