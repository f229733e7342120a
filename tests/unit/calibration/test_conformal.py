"""Conformal sets against their definition, written out, and the law of their coverage in finite samples."""

from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from made_predictions import random_sample
from scipy.stats import beta, kstest

from keepfaith.calibration.conformal import (
    COVERAGE,
    coverage_band,
    covered,
    label_scores,
    set_sizes,
    threshold,
)
from keepfaith.calibration.probabilities import Sample, sample_of

ASKED = Fraction(9, 10)


def by_definition(tuning: Sample, evaluated: Sample) -> list[set[int]]:
    """The set of each example: choices with p >= 1 - q, q the ceil((n + 1) c)-th smallest 1 - p of the labels."""
    scores = sorted(
        1 - float(row[label])
        for row, label in zip(tuning.probabilities, tuning.labels, strict=True)
    )
    rank = ceil((len(scores) + 1) * ASKED)
    sets = []
    for row, logs in zip(evaluated.probabilities, evaluated.log_probabilities, strict=True):
        real = {option for option, log in enumerate(logs) if log > -np.inf}
        kept = {
            o for o in real if rank <= len(scores) and float(row[o]) >= 1 - scores[rank - 1] - 1e-12
        }
        sets.append(real if rank > len(scores) else kept)
    return sets


def with_missing_choices(sample: Sample, seed: int) -> Sample:
    """The same, but some examples lack their last choice unless it is the label."""
    random = np.random.default_rng(seed)
    scores, last = sample.log_probabilities.copy(), sample.probabilities.shape[1] - 1
    scores[(random.random(sample.size) < 0.3) & (sample.labels != last), last] = -np.inf
    return sample_of(scores, sample.labels)


def test_sets_are_those_of_the_definition():
    """200 random samples, half of them with equal probabilities, a third with too few tuning examples."""
    assert float(ASKED) == COVERAGE
    random = np.random.default_rng(0)
    few = 0
    for seed in range(200):
        options = int(random.integers(3, 6))
        size = int(random.integers(1, 9) if seed % 3 == 0 else random.integers(9, 60))
        tuning, evaluated = (
            with_missing_choices(random_sample(1000 * part + seed, count, options), seed)
            for part, count in ((0, size), (1, 30))
        )
        if seed % 2:  # ties
            tuning, evaluated = (
                sample_of(each.log_probabilities.round(0), each.labels)
                for each in (tuning, evaluated)
            )
        q = threshold(label_scores(tuning))
        few += q == np.inf
        expected = by_definition(tuning, evaluated)
        assert set_sizes(evaluated, q).tolist() == [len(each) for each in expected]
        holds = [label in each for label, each in zip(evaluated.labels, expected, strict=True)]
        assert covered(evaluated, q).tolist() == holds
    assert few > 50


def test_sets_of_a_model_that_is_sure_of_wrong_choices_are_no_larger_than_needed():
    """Where 1 - p rounds to 1, every choice would tie with the label."""
    random = np.random.default_rng(0)
    scores, labels = 60 * random.normal(size=(2, 500, 4)), random.integers(0, 4, (2, 500))
    tuning, evaluated = (sample_of(*each) for each in zip(scores, labels, strict=True))
    q = threshold(label_scores(tuning))
    assert covered(evaluated, q).mean() == pytest.approx(0.9, abs=0.05)
    assert 3 < set_sizes(evaluated, q).mean() < 3.8


@pytest.mark.parametrize("size", [9, 19, 29, 99, 199, 999])
def test_whole_ranks_are_not_rounded_up(size):
    """(n + 1) c is a whole number that a float may miss from above."""
    assert threshold(np.arange(size, dtype=float)) == (size + 1) * 9 // 10 - 1


def test_too_few_tuning_examples_put_every_choice_into_every_set():
    sample = random_sample(0, 20, 4)
    assert threshold(np.linspace(0, 1, 8)) == np.inf
    assert set_sizes(sample, np.inf).tolist() == [4.0] * 20
    assert covered(sample, np.inf).mean() == 1.0
    assert coverage_band(8, 50, 0.95) == (1.0, 1.0)


def test_a_sure_model_that_is_right_has_sets_of_one_and_a_uniform_one_has_all():
    labels = np.arange(40) % 4
    sure = sample_of(np.where(np.eye(4)[labels] > 0, 0.0, -30.0), labels)
    assert set_sizes(sure, threshold(label_scores(sure))).tolist() == [1.0] * 40
    uniform = sample_of(np.zeros((40, 4)), labels)
    assert set_sizes(uniform, threshold(label_scores(uniform))).tolist() == [4.0] * 40


@pytest.mark.parametrize("tuning", [19, 100])
def test_the_coverage_follows_its_law(tuning):
    """Over 200 draws of tuning examples it is Beta(k, n + 1 - k), whatever the probabilities: mean and distribution."""
    evaluated = random_sample(7, 100_000, 4, sharpness=3.0)  # too sure; so many have the law of all
    rank = ceil((tuning + 1) * ASKED)
    law = beta(rank, tuning + 1 - rank)
    found = np.array(
        [
            covered(evaluated, threshold(label_scores(random_sample(100 + seed, tuning, 4, 3.0))))
            for seed in range(200)
        ]
    ).mean(axis=1)
    assert found.mean() == pytest.approx(law.mean(), abs=3 * law.std() / np.sqrt(200))
    assert law.mean() >= COVERAGE
    assert kstest(found, law.cdf).pvalue > 0.001


def test_the_band_of_the_coverage_is_that_of_a_simulation():
    random = np.random.default_rng(0)
    shares = []
    for _ in range(4000):
        scores = random.random(100 + 80)
        shares.append((scores[100:] <= threshold(scores[:100])).mean())
    low, high = np.quantile(shares, [0.025, 0.975])
    assert coverage_band(100, 80, 0.95) == pytest.approx((low, high), abs=0.013)
