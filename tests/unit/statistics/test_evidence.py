"""The floor of independent texts, and harm beyond the margin at several levels."""

import numpy as np
import pytest

from keepfaith.statistics.evidence import beyond_margin, fewest_texts
from keepfaith.statistics.multiple import holm


@pytest.mark.parametrize(
    ("margin", "largest", "confidence", "texts"),
    [(0.05, 1, 0.95, 72), (0.05, 0.5, 0.95, 36), (0.02, 1, 0.95, 183), (0.02, 2, 0.95, 368),
     (0.1, 2, 0.95, 72), (0.1, 2, 0.99, 104), (0.5, 0.5, 0.95, 0), (0.02, None, 0.95, 0)],
)  # fmt: skip
def test_the_fewest_texts(margin, largest, confidence, texts):
    assert fewest_texts(margin, largest, confidence) == texts
    if texts:
        unseen = (1 - margin / largest) ** np.array([texts - 1, texts])
        assert unseen[1] <= (1 - confidence) / 2 < unseen[0]


def test_steps_of_intervals_are_holms():
    """Lower ends of normal estimates: the levels shown are those whose p-value passes after Holm's correction."""
    from scipy.stats import norm

    generator = np.random.default_rng(0)
    different = 0
    for _ in range(300):
        estimates = generator.normal(1.5, 1.5, size=6)
        tails = 0.025 / np.arange(1, 7)
        ends = estimates[:, None] - norm.isf(tails)
        shown = beyond_margin(ends.tolist(), 0.2)
        expected = holm(norm.sf(estimates - 0.2)) <= 0.025
        assert shown == expected.tolist()
        different += shown != (ends[:, -1] > 0.2).tolist()
    assert different > 10  # Bonferroni's correction shows fewer


def test_unknown_levels_do_not_count():
    assert beyond_margin([None, (0.3, 0.05)], 0.1) == [False, True]
    assert beyond_margin([None, None], 0.1) == [False, False]
    assert beyond_margin([(0.3,), (0.3,)], 0.1) == [
        False,
        False,
    ]  # no end at the confidence asked for
