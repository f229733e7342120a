"""Seeds as a source of variance, on worlds with a known effect of the seed on all examples."""

import numpy as np
import pytest
from scipy import stats

from keepfaith.statistics.bootstrap import leave_one_out
from keepfaith.statistics.comparison import Comparison
from keepfaith.statistics.explanation_metrics import Explained, paired_difference
from keepfaith.statistics.seed_noise import SeedNoise, seed_noise
from keepfaith.statistics.settings import Analysis

ANALYSIS = Analysis(repetitions=1000, seed=1)


def world(generator: np.random.Generator, examples: int, seeds: int, shared: float) -> np.ndarray:
    """Changes [n, S]: an effect of the example, one of the seed, and a residual."""
    return (
        generator.normal(size=(examples, 1))
        + shared * generator.normal(size=(1, seeds))
        + generator.normal(size=(examples, seeds))
    )


def test_the_variance_is_that_of_the_analysis_of_variance():
    """Mean squares by hand; 30 examples, 4 seeds."""
    n, seeds = 30, 4
    found = world(np.random.default_rng(0), n, seeds, 0.5)
    grand, rows, columns = found.mean(), found.mean(axis=1), found.mean(axis=0)
    between = n * ((columns - grand) ** 2).sum() / (seeds - 1)
    residual = ((found - rows[:, None] - columns + grand) ** 2).sum() / ((n - 1) * (seeds - 1))
    assert between > residual
    noise = seed_noise(found[:, None, :], np.arange(n))
    assert noise.variance[0] == pytest.approx((between - residual) / (n * seeds))
    assert noise.seeds == seeds


def test_without_an_effect_of_the_seed_the_variance_is_zero_or_small():
    generator = np.random.default_rng(1)
    found = [seed_noise(world(generator, 40, 3, 0.0)[:, None], np.arange(40)) for _ in range(200)]
    of_residual = 1 / (40 * 3)
    assert np.mean([noise.variance[0] == 0 for noise in found]) > 0.5
    assert np.mean([noise.variance[0] for noise in found]) < of_residual


def test_copies_of_an_example_in_one_cluster_add_nothing():
    """Ten copies of each example: the residual is that of the clusters, not ten times more certain."""
    found = world(np.random.default_rng(2), 20, 3, 0.4)[:, None]
    copies = np.repeat(found, 10, axis=0)
    one = seed_noise(found, np.arange(20)).variance
    np.testing.assert_allclose(seed_noise(copies, np.repeat(np.arange(20), 10)).variance, one)
    assert seed_noise(copies, np.arange(200)).variance > one


def test_one_seed_says_nothing_about_seeds():
    noise = seed_noise(np.random.default_rng(0).normal(size=(10, 2, 1)), np.arange(10))
    assert noise.variance.tolist() == [0.0, 0.0]
    assert noise.widening(np.ones(2), 10, 0.95).tolist() == [1.0, 1.0]
    assert noise.p_values(np.array([0.01, 0.5]), np.ones(2), 10).tolist() == [0.01, 0.5]


def test_widening_by_hand():
    """Equal variances of examples (101) and seeds (3): 2^2 / (1 / 100 + 1 / 2) degrees of freedom."""
    noise = SeedNoise(np.array([0.2]), 3)
    freedom = 4 / 0.51
    expected = np.sqrt(2) * stats.t.ppf(0.975, freedom) / stats.t.ppf(0.975, 100)
    assert noise.widening(np.array([0.2]), 101, 0.95)[0] == pytest.approx(expected)
    t = stats.t.isf(0.005, 100)
    expected = 2 * stats.t.sf(t / np.sqrt(2), freedom)
    assert noise.p_values(np.array([0.01]), np.array([0.2]), 101)[0] == pytest.approx(expected)


def test_the_interval_and_the_test_agree_on_a_seeded_change():
    """Dense 0, level 1 with a seed effect: half-widths grow by the factor, and the p-value by the same t."""
    cube = np.stack([np.zeros((40, 3)), 0.3 + world(np.random.default_rng(4), 40, 3, 0.5)], axis=1)
    comparison = Comparison([0, 1], np.arange(40), ANALYSIS)
    found = Explained(comparison, tuple(map(str, range(40))), cube).numbers()[1]
    plain = comparison.of_means(cube.mean(axis=2))[1]
    noise = seed_noise(cube[:, [1]], np.arange(40))
    without = leave_one_out(cube[:, 1].mean(axis=1, keepdims=True), np.arange(40))
    by_examples = 39 * without.var(axis=0)
    factor = noise.widening(by_examples, 40, 0.95).item()
    assert factor > 1.5
    assert found.change - found.change_low == pytest.approx(
        factor * (plain.change - plain.change_low)
    )
    assert found.change_high - found.change == pytest.approx(
        factor * (plain.change_high - plain.change)
    )
    assert found.p_value > plain.p_value
    assert (found.change_low, found.change_high) == (found.holm_low[0], found.holm_high[0])


def test_two_rankings_with_the_same_draws_are_compared_seed_by_seed():
    """Opposite effects of a seed on a ranking and on its reverse add up in their difference."""
    found = world(np.random.default_rng(5), 40, 3, 0.0)[:, None]
    shift = np.array([-0.5, 0.1, 0.4])
    comparison, names = Comparison([1], np.arange(40), ANALYSIS), tuple(map(str, range(40)))
    own, reverse = (Explained(comparison, names, found + sign * shift) for sign in (1, -1))
    (opposite,) = paired_difference(own, reverse, 1.0)
    (equal,) = paired_difference(own, own, 1.0)
    assert (equal.low, equal.high) == (0.0, 0.0)
    # No example differs from another: the seeds alone give the interval, with two degrees of freedom.
    by_seed = 2 * shift.std(ddof=1) / np.sqrt(3) * stats.t.ppf(0.975, 2)
    assert (opposite.low, opposite.high) == pytest.approx((-by_seed, by_seed))


def test_a_single_text_gives_no_warning_and_no_width():
    cube = np.random.default_rng(0).normal(size=(1, 2, 3))
    with np.errstate(all="raise"):
        _, found = Explained(Comparison([0, 1], np.arange(1), ANALYSIS), ("a",), cube).numbers()
    assert found.change_low == found.change_high == found.change


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seeds", "ratio", "least"), [(3, 0.0, 0.94), (3, 1.0, 0.9), (5, 1.0, 0.92), (5, 2.0, 0.92)]
)
def test_intervals_cover_the_mean_over_all_seeds(seeds, ratio, least):
    """`ratio`: standard deviation of the mean by the seeds over that by the examples; without the term .84 and .63."""
    generator = np.random.default_rng(7)
    shared = ratio * np.sqrt(seeds * (1 + 1 / seeds) / 60)
    comparison = Comparison([0, 1], np.arange(60), ANALYSIS)
    covered, narrow = [], []
    for _ in range(400):
        cube = np.stack([np.zeros((60, seeds)), world(generator, 60, seeds, shared)], axis=1)
        found = Explained(comparison, tuple(map(str, range(60))), cube).numbers()[1]
        plain = comparison.of_means(cube.mean(axis=2))[1]
        covered.append(found.change_low <= 0 <= found.change_high)
        narrow.append(plain.change_low <= 0 <= plain.change_high)
    assert np.mean(covered) > least - 3 * np.sqrt(0.95 * 0.05 / 400) + 0.02
    if ratio:
        assert np.mean(narrow) < 0.88
