import numpy as np
import pytest
from made_predictions import binary_sample

from keepfaith.calibration.bins import bin_sums, equal_mass, equal_width, expected_gap
from keepfaith.calibration.draws import once


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [(0.0, 0), (1e-300, 0), (0.1, 0), (np.nextafter(0.1, 1), 1), (1.0, 9)]
    + [(edge / 10, edge - 1) for edge in range(1, 11)]
    + [(np.nextafter(edge / 10, 1), edge) for edge in range(1, 10)],
)
def test_bins_are_right_closed_and_hold_both_ends(confidence, expected):
    assert equal_width(np.array([confidence]), 10).tolist() == [expected]


@pytest.mark.parametrize("bins", [1, 2, 7, 15])
def test_every_confidence_has_a_bin(bins):
    confidence = np.random.default_rng(0).random(500)
    members = equal_width(confidence, bins)
    assert members.min() >= 0
    assert members.max() < bins
    assert np.all(confidence > members / bins)
    assert np.all(confidence <= (members + 1) / bins)


def test_equal_mass_bins_hold_equally_many():
    confidence = np.random.default_rng(0).random(200)
    assert np.bincount(equal_mass(confidence, 10)).tolist() == [20] * 10
    odd = np.bincount(equal_mass(confidence[:47], 10), minlength=10)
    assert odd.sum() == 47
    assert odd.max() - odd.min() <= 1


def test_equal_confidences_share_a_bin_of_equal_mass():
    confidence = np.array([0.5] * 7 + [0.6, 0.7, 0.8])
    members = equal_mass(confidence, 5)
    assert len(set(members[:7])) == 1
    assert len(set(equal_mass(np.ones(9), 10))) == 1


def test_fewer_examples_than_bins():
    assert len(set(equal_mass(np.array([0.3, 0.4, 0.5]), 10))) == 3


def test_an_all_certain_model_that_is_half_right_has_an_ece_of_one_half():
    sample = binary_sample([1.0] * 10, [True, False] * 5)
    draws = once(sample)
    assert expected_gap(draws, equal_width(sample.confidence, 10))[0] == pytest.approx(0.5)
    assert bin_sums(draws, equal_width(sample.confidence, 10)).size[0].tolist() == [0] * 9 + [10]
