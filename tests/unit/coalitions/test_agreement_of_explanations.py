"""Agreement of explanations against scipy, and the draws that noise needs to become one."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from keepfaith.coalitions.agreement import draws_for_agreement, rank_correlation, top_overlap

RNG = np.random.default_rng(0)


def test_the_rank_correlation_is_scipys_ties_included():
    one, other = RNG.normal(size=(20, 8)), RNG.integers(0, 4, size=(20, 8)).astype(float)
    expected = [spearmanr(a, b).statistic for a, b in zip(one, other, strict=True)]
    assert rank_correlation(one, other) == pytest.approx(expected, abs=1e-12)
    assert np.isnan(rank_correlation(np.zeros(4), np.arange(4.0)))


def test_two_independent_rankings_share_chance_and_equal_ones_all():
    one, other = RNG.normal(size=(2, 4000, 10))
    assert top_overlap(one, other, 3).mean() == pytest.approx(0.3, abs=0.02)
    assert top_overlap(one, one, 3) == pytest.approx(np.ones(4000))
    assert top_overlap(np.zeros(10), one[0], 3) == pytest.approx(0.3)
    assert top_overlap(one[0], other[0], 99) == pytest.approx(1)


def test_so_many_draws_make_two_runs_agree():
    truth = RNG.normal(size=(500, 30))

    def run(draws):
        return truth + 2.0 * RNG.normal(size=(draws, *truth.shape)).mean(axis=0)

    def agreement(draws):
        return float(np.mean(rank_correlation(run(draws), run(draws))))

    factor = draws_for_agreement(agreement(1))
    assert agreement(round(factor)) == pytest.approx(0.9, abs=0.03)
    assert draws_for_agreement(-0.1) == draws_for_agreement(0.0) == float("inf")
    assert draws_for_agreement(0.9) == pytest.approx(1)
