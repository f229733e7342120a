import numpy as np
import pytest
from made_predictions import drawn

from keepfaith.calibration.exact_error import exact_ece
from keepfaith.calibration.interval import corrected_error
from keepfaith.calibration.probabilities import Sample, sample_of
from keepfaith.statistics.error_change import ErrorChange


def two_levels(
    generator: np.random.Generator, size: int, sharpness: float
) -> tuple[Sample, Sample, float]:
    """A calibrated dense level, one that is too sure of itself, and the exact change of the error."""
    scores = 1.5 * generator.normal(size=(size, 2))
    posterior = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = drawn(posterior, generator)
    dense, pruned = sample_of(scores, labels), sample_of(sharpness * scores, labels)
    return dense, pruned, exact_ece(pruned, posterior) - exact_ece(dense, posterior)


def change(dense: Sample, pruned: Sample) -> ErrorChange:
    errors = [corrected_error(sample, repetitions=300) for sample in (dense, pruned)]
    return ErrorChange(*errors, repetitions=300)


@pytest.mark.parametrize("sharpness", [1.0, 1.6, 4.0])
def test_intervals_hold_the_exact_change_about_as_often_as_they_say(sharpness):
    generator = np.random.default_rng(0)
    held, errors = 0, []
    for _ in range(50):
        dense, pruned, exact = two_levels(generator, 250, sharpness)
        found = change(dense, pruned)
        low, high = found.interval()
        held += low - 1e-9 <= exact <= high + 1e-9
        errors.append(found.value - exact)
    assert (
        held >= 47
    )  # conservative: at 95 %, fewer than 47 of 50 would happen in a quarter of all runs
    assert abs(np.mean(errors)) < 0.025


def test_no_change_is_no_evidence():
    dense, _, _ = two_levels(np.random.default_rng(1), 200, 1.0)
    same = change(dense, dense)
    assert same.value == same.plug_in == 0.0
    assert same.interval().low <= 0.0 <= same.interval().high
    assert same.p_value() == 1.0


def test_a_clear_change_is_evidence_in_both_directions():
    dense, pruned, exact = two_levels(np.random.default_rng(2), 400, 5.0)
    worse, better = change(dense, pruned), change(pruned, dense)
    assert exact > 0.1
    assert worse.p_value() == better.p_value() == pytest.approx(2 / 300)
    assert worse.interval().low > 0
    assert better.interval().high < 0


def test_p_value_and_interval_tell_the_same():
    generator = np.random.default_rng(3)
    for sharpness in (1.2, 1.5, 1.8, 2.2):
        dense, pruned, _ = two_levels(generator, 250, sharpness)
        found = change(dense, pruned)
        p_value = found.p_value()
        for confidence in (0.8, 0.95, 0.98):
            low, high = found.interval(confidence)
            excluded = low > 0 or high < 0
            assert excluded == (p_value < 1 - confidence) or abs(p_value - 1 + confidence) < 1e-6


def test_the_interval_holds_the_difference_of_the_eces():
    generator = np.random.default_rng(4)
    for _ in range(10):
        found = change(*two_levels(generator, 100, 1.3)[:2])
        low, high = found.interval()
        assert low <= found.plug_in <= high
        assert low <= found.value <= high


def test_the_interval_is_the_difference_of_the_two_intervals():
    found = change(*two_levels(np.random.default_rng(5), 300, 2.0)[:2])
    dense, level = found.dense.interval(0.9), found.level.interval(0.9)
    expected = (level[0] - dense[1], level[1] - dense[0])
    assert found.interval(0.9) == pytest.approx(expected)
