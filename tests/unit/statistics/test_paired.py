import numpy as np
import pytest
from scipy import stats

from keepfaith.statistics.paired import flips, sign_flip


def peer(differences: np.ndarray, resamples: float) -> float:
    return stats.permutation_test(
        (differences,),
        lambda x, axis: np.abs(x.mean(axis=axis)),
        permutation_type="samples",
        n_resamples=resamples,
        alternative="greater",
        rng=0,
    ).pvalue


def test_few_examples_are_tested_exactly():
    differences = np.random.default_rng(0).normal(0.4, 1, size=9)
    ours = sign_flip(differences[:, None], np.arange(9), 2000, seed=0)[0]
    assert ours == pytest.approx(peer(differences, np.inf), abs=1e-12)
    assert flips(9, 2000, 0).shape == (512, 9)


def test_many_examples_agree_with_scipy():
    differences = np.random.default_rng(1).normal(0.15, 1, size=100)
    ours = sign_flip(differences[:, None], np.arange(100), 20_000, seed=0)[0]
    assert ours == pytest.approx(peer(differences, 20_000), abs=0.01)


def test_no_difference_at_all_is_no_evidence():
    assert sign_flip(np.zeros((40, 2)), np.arange(40), 500, seed=0).tolist() == [1.0, 1.0]


def test_a_clear_difference_has_the_smallest_p_value():
    assert sign_flip(np.ones((40, 1)), np.arange(40), 999, seed=0)[0] == pytest.approx(1 / 1000)


def test_p_values_are_uniform_under_the_null():
    differences = np.random.default_rng(2).normal(size=(50, 400))
    p_values = sign_flip(differences, np.arange(50), 500, seed=0)
    assert np.mean(p_values <= 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(p_values <= 0.5) == pytest.approx(0.5, abs=0.08)


def test_clusters_flip_together():
    generator = np.random.default_rng(3)
    clusters = np.repeat(np.arange(12), 10)
    shared = generator.normal(0.5, 1, size=12)
    copies = shared[clusters][:, None]
    as_clusters = sign_flip(copies, clusters, 5000, seed=0)[0]
    assert as_clusters == pytest.approx(sign_flip(shared[:, None], np.arange(12), 5000, 0)[0])
    assert as_clusters > sign_flip(copies, np.arange(120), 5000, seed=0)[0]


def test_order_of_columns_and_seed():
    differences = np.random.default_rng(4).normal(0.1, 1, size=(30, 3))
    straight = sign_flip(differences, np.arange(30), 1000, seed=5)
    backwards = sign_flip(differences[:, ::-1], np.arange(30), 1000, seed=5)
    np.testing.assert_array_equal(straight, backwards[::-1])


def test_thousands_of_examples():
    assert sign_flip(np.ones((3000, 1)), np.arange(3000), 199, seed=0)[0] == pytest.approx(1 / 200)
