import numpy as np
import pytest
from scipy import stats

from keepfaith.statistics.bootstrap import percentile, resamples, two_sided, weighted_means


def test_each_resample_draws_as_many_examples_as_there_are():
    weights = resamples(np.arange(50), 300, seed=0)
    assert weights.shape == (300, 50)
    assert np.all(weights.sum(axis=1) == 50)
    # The number of times an example occurs is binomial: mean 1, variance 1 - 1/n.
    assert weights.mean() == 1.0
    assert weights.var() == pytest.approx(1 - 1 / 50, rel=0.05)


def test_clusters_are_drawn_whole():
    clusters = np.array([0, 0, 0, 1, 2, 2])
    weights = resamples(clusters, 200, seed=0)
    assert np.all(weights[:, 0] == weights[:, 1])
    assert np.all(weights[:, 4] == weights[:, 5])
    assert np.all(weights[:, [0, 3, 4]].sum(axis=1) == 3)


def test_the_interval_of_a_mean_equals_scipys():
    values = np.random.default_rng(0).exponential(size=80)
    ours = percentile(
        weighted_means(values[:, None], resamples(np.arange(80), 20_000, seed=1))[:, 0], 0.95
    )
    peer = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=2)
    np.testing.assert_allclose(ours, peer.confidence_interval, atol=0.01)


def test_the_interval_of_a_paired_change_equals_scipys():
    generator = np.random.default_rng(0)
    dense = generator.random(60)
    pruned = 0.9 * dense + 0.1 * generator.random(60)
    replicates = weighted_means(
        np.stack([dense, pruned], axis=1), resamples(np.arange(60), 20_000, 1)
    )
    ours = percentile(replicates[:, 1] - replicates[:, 0], 0.9)
    peer = stats.bootstrap(
        (pruned, dense),
        lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis),
        paired=True,
        n_resamples=20_000,
        confidence_level=0.9,
        method="percentile",
        rng=2,
    )
    np.testing.assert_allclose(ours, peer.confidence_interval, atol=5e-4)
    unpaired = percentile(replicates[:, 1] - replicates[::-1, 0], 0.9)
    assert ours.high - ours.low < 0.5 * (unpaired.high - unpaired.low)


def test_intervals_cover_about_as_often_as_they_say():
    generator = np.random.default_rng(0)
    weights = resamples(np.arange(60), 400, seed=0)
    samples = generator.normal(size=(60, 400))
    ends = [percentile(column, 0.9) for column in weighted_means(samples, weights).T]
    covered = np.mean([low <= 0 <= high for low, high in ends])
    assert 0.84 <= covered <= 0.95


def test_a_cluster_bootstrap_is_wider_where_clusters_agree():
    generator = np.random.default_rng(0)
    clusters = np.repeat(np.arange(20), 5)
    values = generator.normal(size=20)[clusters] + 0.1 * generator.normal(size=100)
    widths = [
        np.ptp(percentile(weighted_means(values[:, None], resamples(c, 2000, 0))[:, 0], 0.95))
        for c in (np.arange(100), clusters)
    ]
    assert widths[1] > 1.7 * widths[0]


def test_undefined_replicates_are_left_aside():
    assert percentile(np.array([np.nan, 1.0, 1.0]), 0.95) == (1.0, 1.0)
    assert percentile(np.array([np.nan]), 0.95) is None
    assert two_sided(np.array([np.nan])) is None


def test_p_values_are_never_zero_and_at_most_one():
    assert two_sided(np.ones(99)) == pytest.approx(2 / 100)
    assert two_sided(np.zeros(99)) == 1.0
    assert two_sided(np.array([-1.0, 1.0] * 50)) == 1.0


def test_same_seed_same_resamples_and_callers_cannot_change_them():
    first, again = resamples(np.arange(9), 5, 3), resamples(np.arange(9), 5, 3)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, resamples(np.arange(9), 5, 4))
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 7
