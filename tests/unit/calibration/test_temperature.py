"""Temperatures against grids, other implementations and worlds whose temperature is known."""

import numpy as np
import pytest
from made_predictions import drawn, random_sample

from keepfaith.artifacts.predictions import softmax
from keepfaith.calibration.draws import once
from keepfaith.calibration.null_band import null_bands, null_labels
from keepfaith.calibration.probabilities import Floats, Sample, sample_of
from keepfaith.calibration.temperature import HIGHEST, LOWEST, temperature_of, tempered
from keepfaith.plugins.metric import PREDICTION_METRICS


def nll(scores: Floats, labels: np.ndarray, temperature: float, weights: Floats) -> float:
    """Weighted mean NLL, written out."""
    scaled = scores / temperature
    losses = np.log(np.exp(scaled - scaled.max(axis=1, keepdims=True)).sum(axis=1))
    losses += scaled.max(axis=1) - scaled[np.arange(len(labels)), labels]
    return float((weights * losses).sum() / weights.sum())


def by_grid(scores: Floats, labels: np.ndarray, weights: Floats) -> float:
    """The best temperature by ever finer grids of 201 points on a log scale."""
    low, high = np.log(LOWEST), np.log(HIGHEST)
    for _ in range(8):
        grid = np.linspace(low, high, 201)
        best = int(np.argmin([nll(scores, labels, np.exp(t), weights) for t in grid]))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 200)]
    return float(np.exp((low + high) / 2))


def value(metric: str, sample: Sample) -> float:
    return float(PREDICTION_METRICS.load(metric).values(once(sample))[0])


def world(seed: int, size: int, temperature: float, options: int = 2) -> Sample:
    """A model whose log-likelihoods are `temperature` times those that are calibrated."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=(size, options)) * 1.5
    return sample_of(temperature * scores, drawn(softmax(scores), generator))


@pytest.mark.parametrize("options", [2, 3, 5])
@pytest.mark.parametrize("sharpness", [0.3, 1.0, 4.0])
def test_the_temperature_is_that_of_a_grid(options, sharpness):
    """A minimum is flat: the grid finds it to the root of the float's precision, about 1e-7."""
    sample = random_sample(options, size=80, options=options, sharpness=sharpness)
    weights = np.random.default_rng(0).integers(0, 3, size=(4, 80)).astype(float)
    found = temperature_of(sample, weights)
    for row, temperature in zip(weights, found, strict=True):
        expected = by_grid(sample.log_probabilities, sample.labels, row)
        assert temperature == pytest.approx(expected, rel=1e-6)
    (alone,) = temperature_of(sample)
    assert alone == pytest.approx(temperature_of(sample, np.full((1, 80), 7.0))[0], rel=1e-9)


def test_the_slope_is_zero_at_the_temperature():
    """The first-order condition, which is sharper than any grid."""
    sample = random_sample(1, size=300, options=4, sharpness=2.5)
    (temperature,) = temperature_of(sample)
    p = softmax(sample.log_probabilities / temperature)
    expected = (p * sample.log_probabilities).sum(axis=1)
    of_label = sample.log_probabilities[np.arange(300), sample.labels]
    assert (expected - of_label).mean() == pytest.approx(0, abs=1e-9)


def test_many_weightings_at_once_are_those_one_by_one(monkeypatch):
    sample = random_sample(2, size=50, options=3)
    weights = np.random.default_rng(1).multinomial(50, [1 / 50] * 50, size=30).astype(float)
    together = temperature_of(sample, weights)
    monkeypatch.setattr("keepfaith.calibration.temperature._NUMBERS_AT_ONCE", 1)
    np.testing.assert_allclose(temperature_of(sample, weights), together, rtol=1e-9)


def test_examples_with_fewer_choices_count_as_without_padding():
    sample = random_sample(3, size=40, options=2)
    padded = np.column_stack([sample.log_probabilities, np.full(40, -np.inf)])
    assert temperature_of(sample_of(padded, sample.labels)) == pytest.approx(temperature_of(sample))


def test_it_agrees_with_netcal():
    """200 random samples of two to five choices; netcal's parameter is 1 / T, of a minimum that is found to 1e-3."""
    netcal = pytest.importorskip("netcal.scaling")
    random = np.random.default_rng(0)
    for seed in range(200):
        options = int(random.integers(2, 6))
        size = int(random.integers(150, 500))
        sample = random_sample(seed, size, options, random.uniform(0.4, 4.0))
        scaling = netcal.TemperatureScaling()
        two = options == 2  # then netcal takes the probability of the second
        scaling.fit(sample.probabilities[:, 1] if two else sample.probabilities, sample.labels)
        (temperature,) = temperature_of(sample)
        assert temperature == pytest.approx(1 / scaling.temperature[0], rel=1e-3)


def test_the_bounds():
    scores = np.log([[0.7, 0.3], [0.4, 0.6], [0.9, 0.1]])
    right = sample_of(scores, np.array([0, 1, 0]))
    wrong = sample_of(scores, np.array([1, 0, 1]))
    assert temperature_of(right).tolist() == [LOWEST]
    assert temperature_of(wrong).tolist() == [HIGHEST]
    sure = sample_of(1e5 * scores, np.array([0, 1, 0]))  # slopes underflow to 0
    assert temperature_of(sure).tolist() == [LOWEST]
    assert temperature_of(sample_of(1e5 * scores, np.array([1, 0, 1]))).tolist() == [HIGHEST]
    # A single example that is right, under weights that leave all others out.
    assert temperature_of(wrong, np.array([[0.0, 0.0, 1.0]])).tolist() == [HIGHEST]


def test_where_no_temperature_changes_anything_it_is_one():
    labels = np.array([0, 0, 0])
    assert temperature_of(sample_of(np.zeros((3, 1)), labels)).tolist() == [1.0]  # one choice
    assert temperature_of(sample_of(np.full((3, 2), -4.0), labels)).tolist() == [1.0]  # all alike


def test_nothing_to_fit_and_nan_are_refused():
    sample = random_sample(0, size=5)
    broken = np.where(np.arange(5)[:, None] == 2, np.nan, sample.log_probabilities)
    with pytest.raises(ValueError, match="is NaN"):
        temperature_of(sample_of(broken, sample.labels))
    with pytest.raises(ValueError, match="no example"):
        temperature_of(sample_of(np.zeros((0, 2)), np.zeros(0, dtype=int)))


def test_a_temperature_moves_neither_predictions_nor_the_order_of_two_choices():
    sample = world(5, 300, 1.7)
    for temperature in (0.3, 2.0, 8.0):
        other = tempered(sample, temperature)
        assert other.prediction.tolist() == sample.prediction.tolist()
        for metric in ("accuracy", "auroc", "aurc"):
            assert value(metric, other) == pytest.approx(value(metric, sample), abs=1e-12), metric
        np.testing.assert_allclose(
            other.probabilities, softmax(sample.log_probabilities / temperature), atol=1e-15
        )
        assert value("nll", other) == pytest.approx(
            nll(sample.log_probabilities, sample.labels, temperature, np.ones(300)), abs=1e-12
        )


def test_a_known_temperature_is_found_with_its_known_spread():
    """At T = 2 the standard deviation is .19 for 500 examples (two choices, panel of the plan): within a third."""
    found = [temperature_of(world(seed, 500, 2.0))[0] for seed in range(200)]
    assert np.mean(found) == pytest.approx(2.0, abs=0.06)
    assert np.std(found) == pytest.approx(0.19, rel=0.33)
    assert temperature_of(world(0, 200_000, 2.0))[0] == pytest.approx(2.0, abs=0.02)


def test_other_labels_have_the_temperature_of_a_sample_with_them():
    sample = random_sample(4, size=60, options=3)
    labels = np.random.default_rng(0).integers(0, 3, (20, 60))
    alone = [temperature_of(sample_of(sample.log_probabilities, row))[0] for row in labels]
    np.testing.assert_allclose(temperature_of(sample, labels=labels), alone, rtol=1e-9)


@pytest.mark.parametrize("length", [0.1, 40.0])
def test_the_bounds_are_those_of_sums(length):
    """Log-likelihoods per byte are smaller by the length of a choice, and so are temperatures and their bounds."""
    sample = random_sample(6, size=80, options=3)
    short = sample_of(sample.log_probabilities / length, sample.labels)
    expected = temperature_of(sample)[0] / length
    assert temperature_of(short, length=length)[0] == pytest.approx(expected, rel=1e-9)
    right = sample_of(sample.log_probabilities / length, sample.prediction)
    assert temperature_of(right, length=length)[0] == pytest.approx(LOWEST / length, rel=1e-9)


def repaired(tuning: Sample, evaluated: Sample, seed: int) -> tuple[bool, bool, bool]:
    """Whether ECE lies inside the upper end of a band: as it is, after T, and after T with the noise of T."""
    (temperature,) = temperature_of(tuning)
    own, fitted = tempered(evaluated, temperature), tempered(tuning, temperature)
    labels = null_labels(fitted, None, 400, np.random.default_rng([seed, 1]))
    refitted = temperature_of(fitted, labels=labels)
    bands = [
        null_bands(sample, ("ece",), repetitions=400, seed=seed, refitted=other)["ece"]
        for sample, other in ((evaluated, None), (own, None), (own, refitted))
    ]
    raw, after = value("ece", evaluated), value("ece", own)
    return raw <= bands[0].high, after <= bands[1].high, after <= bands[2].high


@pytest.mark.slow
@pytest.mark.parametrize("options", [2, 4])
def test_an_over_sure_model_is_repaired(options):
    """200 worlds at T = 2, 500 examples each: ECE as it is lies above the band of a calibrated model, after T within.

    A band without the noise of a T that 500 tuning examples give is left by more: 188 of 200 were inside it.
    """
    worlds = [
        (world(2 * seed, 500, 2.0, options), world(2 * seed + 1, 500, 2.0, options), seed)
        for seed in range(200)
    ]
    before, without, after = np.sum([repaired(*each) for each in worlds], axis=0)
    assert before <= 20
    assert without <= after
    assert after >= 0.95 * 200


@pytest.mark.parametrize("options", [2, 4])
def test_shuffled_log_likelihoods_are_not_repaired(options):
    """200 worlds: after its temperature a model that answers other questions still has the NLL of guessing, at best."""
    for seed in range(200):
        tuning, evaluated = (world(2 * seed + part, 300, 2.0, options) for part in (0, 1))
        order = np.random.default_rng(seed).permutation(300)
        found = {}
        for name, rows in (("whole", np.arange(300)), ("shuffled", order)):
            fitted, shown = (
                sample_of(sample.log_probabilities[rows], sample.labels)
                for sample in (tuning, evaluated)
            )
            found[name] = value("nll", tempered(shown, temperature_of(fitted)[0]))
        assert found["shuffled"] > found["whole"] + 0.1
        assert found["shuffled"] > np.log(options) - 0.03
