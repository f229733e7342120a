"""The isotonic fit against its min-max formula and scikit-learn."""

import numpy as np
from sklearn.isotonic import IsotonicRegression

from keepfaith.calibration.isotonic import isotonic_blocks


def of_blocks(size: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The fitted rate [g] of each confidence with examples, from the blocks of one repetition."""
    fit = isotonic_blocks(size[None], right[None])
    ends = np.searchsorted(np.cumsum(fit.weight), np.cumsum(size) - 0.5)
    return fit.rate[ends]


def test_the_fit_equals_the_min_max_formula_and_scikit_learn():
    random = np.random.default_rng(0)
    for _ in range(200):
        count = int(random.integers(1, 30))
        size = random.integers(1, 5, count).astype(float)
        right = random.binomial(size.astype(int), random.random(count)).astype(float)
        formula = [
            max(
                min(right[a : b + 1].sum() / size[a : b + 1].sum() for b in range(at, count))
                for a in range(at + 1)
            )
            for at in range(count)
        ]
        found = of_blocks(size, right)
        np.testing.assert_allclose(found, formula, atol=1e-12)
        peer = (
            IsotonicRegression().fit(np.arange(count), right / size, size).predict(np.arange(count))
        )
        np.testing.assert_allclose(found, peer, atol=1e-12)


def test_confidences_without_examples_do_not_count_and_repetitions_are_apart():
    size = np.array([[1.0, 0.0, 2.0, 1.0], [0.0, 3.0, 0.0, 0.0]])
    right = np.array([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0]])
    fit = isotonic_blocks(size, right)
    assert fit.repetition.tolist() == [0, 0, 1]
    np.testing.assert_allclose(fit.weight, [3, 1, 3])
    np.testing.assert_allclose(fit.rate, [1 / 3, 1, 1 / 3])
