import math
from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfaith.faithfulness.ranking import membership, rank, selected_count

few_values = st.lists(st.sampled_from([-1.0, 0.0, 0.0, 2.0]), min_size=1, max_size=7)


def test_highest_signed_score_ranks_first():
    assert rank(np.array([0.1, -3.0, 2.0, 0.5]), 0, "a").tolist() == [2, 3, 0, 1]


@given(few_values, st.integers(0, 5))
def test_ranking_is_a_permutation_by_falling_score(values, seed):
    scores = np.array(values)
    order = rank(scores, seed, "example")
    assert sorted(order.tolist()) == list(range(len(values)))
    assert (np.diff(scores[order]) <= 0).all()


def test_ties_favour_no_position():
    scores = np.array([0.0, 1.0, 0.0, 0.0])
    seconds = Counter(int(rank(scores, 0, f"example {i}")[1]) for i in range(3000))
    assert set(seconds) == {0, 2, 3}
    for count in seconds.values():
        assert abs(count / 3000 - 1 / 3) < 5 * math.sqrt(2 / 9 / 3000)


def test_ties_depend_on_seed_and_example_alone():
    scores = np.zeros(20)
    assert rank(scores, 1, "a").tolist() == rank(scores.copy(), 1, "a").tolist()
    assert rank(scores, 1, "a").tolist() != rank(scores, 2, "a").tolist()
    assert rank(scores, 1, "a").tolist() != rank(scores, 1, "b").tolist()
    zeros_of_both_signs = np.where(np.arange(20) % 2, 0.0, -0.0)
    assert rank(zeros_of_both_signs, 1, "a").tolist() == rank(scores, 1, "a").tolist()


@pytest.mark.parametrize(
    ("fraction", "features", "expected"),
    [(0.1, 9, 0), (0.1, 10, 1), (0.3, 10, 3), (0.5, 7, 3), (0.2, 4, 0), (1.0, 5, 5)],
)
def test_fraction_is_rounded_down(fraction, features, expected):
    assert selected_count(fraction, features) == expected


@given(few_values, st.integers(0, 9))
def test_membership_is_the_average_over_all_tie_breaks(values, top):
    scores = np.array(values)
    orders = list(permutations(range(len(values))))
    average = np.zeros(len(values))
    for tie_order in orders:
        chosen = np.lexsort((np.array(tie_order), -scores))[:top]
        average[chosen] += 1 / len(orders)
    np.testing.assert_allclose(membership(scores, top), average, atol=1e-9)


def test_membership_ranks_every_row_by_itself():
    scores = np.random.default_rng(0).integers(0, 3, (4, 5, 6)).astype(float)
    together = membership(scores, 3)
    for i, j in np.ndindex(4, 5):
        np.testing.assert_array_equal(together[i, j], membership(scores[i, j], 3))
