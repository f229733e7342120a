import numpy as np
import pytest
from scipy import stats

from keepfaith.statistics.bootstrap import (
    bca,
    leave_one_out,
    percentile,
    resamples,
    two_sided,
    unskewed_t,
    weighted_means,
)


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


def scipys_bca(values: np.ndarray, means: np.ndarray, confidence: float) -> tuple[float, float]:
    """SciPy's BCa interval of a mean, of resampled means that are given instead of drawn."""
    without_draws = stats.bootstrap(
        (values,), np.mean, n_resamples=0, bootstrap_result=_Drawn(means),
        confidence_level=confidence, method="BCa",
    )  # fmt: skip
    return without_draws.confidence_interval


class _Drawn:
    """The one attribute that SciPy reads of an earlier result."""

    def __init__(self, means: np.ndarray) -> None:
        self.bootstrap_distribution = means


@pytest.mark.parametrize("draw", ["normal", "exponential", "rare"])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_the_bca_interval_equals_scipys_on_the_same_resamples(draw, confidence):
    generator = np.random.default_rng(3)
    values = {
        "normal": generator.normal(size=40),
        "exponential": generator.exponential(size=40),
        "rare": (np.arange(40) < 3) + 1e-3 * generator.normal(size=40),
    }[draw]
    means = weighted_means(values[:, None], resamples(np.arange(40), 2000, seed=1))
    low, high = bca(
        means,
        values.mean(keepdims=True),
        leave_one_out(values[:, None], np.arange(40)),
        [confidence],
    )
    peer = scipys_bca(values, means[:, 0], confidence)
    np.testing.assert_allclose((low[0, 0], high[0, 0]), peer, rtol=0, atol=1e-9)
    plain = percentile(means[:, 0], confidence)
    if draw != "normal":
        assert low[0, 0] > plain.low and high[0, 0] > plain.high


def test_the_bca_interval_of_cluster_sums_equals_scipys():
    """Equal clusters: the mean over examples is the mean over clusters, and clusters are SciPy's observations."""
    generator = np.random.default_rng(5)
    clusters = np.repeat(np.arange(30), 4)
    values = generator.exponential(size=30)[clusters] + 0.1 * generator.normal(size=120)
    of_clusters = values.reshape(30, 4).mean(axis=1)
    means = weighted_means(values[:, None], resamples(clusters, 2000, seed=1))
    without = leave_one_out(values[:, None], clusters)
    low, high = bca(means, values.mean(keepdims=True), without, [0.95])
    peer = scipys_bca(of_clusters, means[:, 0], 0.95)
    np.testing.assert_allclose((low[0, 0], high[0, 0]), peer, rtol=0, atol=1e-9)
    assert len(without) == 30


def test_leaving_out_unequal_clusters_by_hand():
    values = np.array([[1.0], [2.0], [4.0], [9.0]])
    found = leave_one_out(values, np.array([0, 1, 1, 2]))
    assert found[:, 0].tolist() == [5.0, 5.0, 7.0 / 3]


def test_without_a_defined_correction_the_interval_is_the_percentile_interval():
    """Constant values; and a sample mean below every replicate, which has an infinite bias correction."""
    constant = weighted_means(np.full((20, 1), 0.3), resamples(np.arange(20), 500, seed=0))
    low, high = bca(
        constant, np.array([0.3]), leave_one_out(np.full((20, 1), 0.3), np.arange(20)), [0.95]
    )
    assert (low.item(), high.item()) == pytest.approx((0.3, 0.3))
    values = np.random.default_rng(0).normal(size=(20, 1))
    means = weighted_means(values, resamples(np.arange(20), 500, seed=0))
    below = np.array([means.min() - 0.1])
    low, high = bca(means, below, leave_one_out(values, np.arange(20)), [0.95])
    assert (low.item(), high.item()) == pytest.approx(percentile(means[:, 0], 0.95))


@pytest.mark.parametrize("world", ["normal", "exponential"])
def test_t_intervals_without_skewness_invert_halls_cubic(world):
    """At each end, Hall's transform of the t statistic is the quantile of t."""
    random = np.random.default_rng(3)
    values = getattr(random, world)(size=(40, 3))
    centre = values.mean(axis=0)
    confidences = [0.5, 0.95, 0.9998]
    ends = unskewed_t(centre, leave_one_out(values, np.arange(40)), confidences)
    error = values.std(axis=0, ddof=1) / np.sqrt(40)
    skewness = stats.skew(values) / np.sqrt(40)
    for end, sign in zip(ends, (1, -1), strict=True):
        t = (centre - end) / error
        transformed = t + skewness * t**2 / 3 + skewness**2 * t**3 / 27 + skewness / 6
        quantiles = sign * stats.t.ppf((1 + np.array(confidences)) / 2, 39)
        np.testing.assert_allclose(transformed, np.tile(quantiles[:, None], 3), rtol=1e-9)


def test_t_intervals_of_equal_values_have_no_width_and_clusters_are_their_units():
    constant = leave_one_out(np.ones((9, 1)), np.arange(9))
    assert [end.tolist() for end in unskewed_t(np.ones(1), constant, [0.95])] == [[[1.0]], [[1.0]]]
    values = np.random.default_rng(1).exponential(size=(12, 2))
    once = unskewed_t(values.mean(axis=0), leave_one_out(values, np.arange(12)), [0.9])
    copied, clusters = np.repeat(values, 4, axis=0), np.repeat(np.arange(12), 4)
    four = unskewed_t(values.mean(axis=0), leave_one_out(copied, clusters), [0.9])
    np.testing.assert_allclose(once, four)


def test_bca_intervals_of_many_columns_and_confidences_are_those_of_each():
    values = np.random.default_rng(0).exponential(size=(50, 4))
    values[:, 2] = 0.5
    means = weighted_means(values, resamples(np.arange(50), 1000, seed=0))
    without = leave_one_out(values, np.arange(50))
    confidences = [0.95, 0.975, 0.99]
    low, high = bca(means, values.mean(axis=0), without, confidences)
    assert low.shape == high.shape == (3, 4)
    assert (np.diff(low, axis=0) <= 0).all() and (np.diff(high, axis=0) >= 0).all()
    for row, confidence in enumerate(confidences):
        for column in range(4):
            one = slice(column, column + 1)
            ends = bca(means[:, one], values.mean(axis=0)[one], without[:, one], [confidence])
            expected = pytest.approx((ends[0].item(), ends[1].item()), rel=1e-12)
            assert (low[row, column], high[row, column]) == expected
