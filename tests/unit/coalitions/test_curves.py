"""Limits, chance and faithfulness against all n! orders, and what they promise."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepfaith.coalitions.curves import (
    faithfulness,
    removal_area,
    removal_limits,
    retention_area,
    retention_limits,
    sufficiency_score,
)
from keepfaith.coalitions.indices import shapley_values
from keepfaith.scoring.values import margins, probabilities

RNG = np.random.default_rng(0)


def text_game(rng, n, options=2):
    """Log-likelihoods [2^n, options] as texts give them: segments add up, with some interaction."""
    kept = np.arange(2**n)[:, None] >> np.arange(n) & 1
    logits = 0.5 * kept @ rng.normal(size=(n, options)) + 0.1 * rng.normal(size=(2**n, options))
    logits[:, 1] += kept.mean(axis=1)  # the whole text speaks for the option that is explained
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def by_hand(values, order, keep=False):
    """AOPC of one order, as the definition says it."""
    n = len(order)
    total = 0.0
    for k in range(1, n + 1):
        top = sum(1 << i for i in order[:k])
        total += values[-1] - values[top if keep else (2**n - 1) ^ top]
    return total / n


def scores_of(order):
    """Scores that rank segments in this order."""
    scores = np.empty(len(order))
    scores[list(order)] = np.arange(len(order), 0, -1)
    return scores


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7])
def test_limits_and_chance_are_those_of_all_orders(n):
    values = RNG.normal(size=(3, 2**n))
    for limits, keep in ((removal_limits(values), False), (retention_limits(values), True)):
        for place, of_example in enumerate(values):
            areas = [by_hand(of_example, order, keep) for order in permutations(range(n))]
            best, worst = (max(areas), min(areas)) if not keep else (min(areas), max(areas))
            assert limits.best[place] == pytest.approx(best, abs=1e-12)
            assert limits.worst[place] == pytest.approx(worst, abs=1e-12)
            assert limits.chance[place] == pytest.approx(np.mean(areas), abs=1e-12)


@pytest.mark.parametrize("n", [2, 5, 8])
def test_areas_are_those_of_the_definition(n):
    values = RNG.normal(size=2**n)
    for _ in range(20):
        order = RNG.permutation(n)
        scores = scores_of(order)
        assert removal_area(values, scores) == pytest.approx(by_hand(values, order), abs=1e-12)
        kept = by_hand(values, order, keep=True)
        assert retention_area(values, scores) == pytest.approx(kept, abs=1e-12)


def test_ties_are_the_mean_over_all_ways_to_break_them():
    values = RNG.normal(size=2**5)
    scores = np.array([0.5, 0.0, 0.5, 2.0, 0.0])
    orders = [
        order
        for order in permutations(range(5))
        if all(scores[a] >= scores[b] for a, b in pairwise(order))
    ]
    assert len(orders) == 4
    for area, keep in ((removal_area, False), (retention_area, True)):
        mean = np.mean([by_hand(values, order, keep) for order in orders])
        assert area(values, scores) == pytest.approx(mean, abs=1e-12)


@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_equal_scores_are_chance_and_no_order_leaves_the_limits(n, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(2, 2**n))
    for score in (faithfulness, sufficiency_score):
        assert score(values, np.zeros(n)) == pytest.approx([0, 0], abs=1e-12)
        found = [score(values, rng.normal(size=n)) for _ in range(5)]
        assert np.max(found) <= 1 + 1e-12


def test_the_best_order_scores_one_its_reverse_is_negative_and_random_ones_are_zero_on_average():
    values = margins(text_game(RNG, 6), 1)
    areas = {order: by_hand(values, order) for order in permutations(range(6))}
    best = max(areas, key=areas.__getitem__)
    assert faithfulness(values, scores_of(best)) == pytest.approx(1, abs=1e-12)
    assert faithfulness(values, -scores_of(best)) < 0
    every = [faithfulness(values, scores_of(order)) for order in areas]
    assert np.mean(every) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("temperature", [0.5, 2.0, 5.0])
def test_a_temperature_changes_raw_scores_and_no_faithfulness_on_the_margin(temperature):
    rng, raw = np.random.default_rng(4), []
    for _ in range(50):
        log_likelihoods = text_game(rng, 8, options=3)
        target = int(log_likelihoods[-1].argmax())
        tempered = log_likelihoods / temperature
        plain, other = margins(log_likelihoods, target), margins(tempered, target)
        scores = rng.normal(size=8)
        assert faithfulness(plain, scores) == pytest.approx(faithfulness(other, scores), abs=1e-9)
        ranking = shapley_values(plain)
        assert shapley_values(other) * temperature == pytest.approx(ranking, abs=1e-9)
        raw.append(
            [removal_area(probabilities(x, target), ranking) for x in (log_likelihoods, tempered)]
        )
    before, after = np.mean(raw, axis=0)
    assert abs(after - before) > 0.2 * before


def test_where_nothing_can_be_explained_there_is_no_number():
    values = np.stack([np.full(2**4, 3.0), RNG.normal(size=2**4)])
    limits = removal_limits(values)
    assert limits.explainable.tolist() == [False, True]
    found = faithfulness(values, np.arange(4.0), limits)
    assert np.isnan(found[0]) and np.isfinite(found[1])
    # A value that depends on the number of segments alone: every order is as good as any other.
    sizes = np.array([float(s.bit_count()) ** 2 for s in range(2**4)])
    assert not removal_limits(sizes).explainable
    assert np.isnan(sufficiency_score(sizes, np.arange(4.0)))


@pytest.mark.parametrize("scores", [[1.0], [1.0, np.nan, 2.0], [1.0, np.inf, 0.0]])
def test_scores_that_rank_nothing_are_refused(scores):
    with pytest.raises(ValueError, match="expected 3 finite scores, one per segment"):
        removal_area(np.zeros(2**3), np.array(scores))


def test_values_that_are_no_game_are_refused():
    with pytest.raises(ValueError, match="6 coalitions are not those of any number of segments"):
        removal_limits(np.zeros(6))
    with pytest.raises(ValueError, match="NaN or infinite"):
        removal_limits(np.array([0.0, np.nan]))
