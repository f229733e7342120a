"""Shapley, Banzhaf and leave-one-out values against brute force and shapiq, and the additive share against a fit."""

from itertools import permutations

import numpy as np
import pytest
from shapiq import ExactComputer, Game

from keepfaith.coalitions.indices import (
    additive_share,
    banzhaf_values,
    leave_one_out_values,
    shapley_values,
)

RNG = np.random.default_rng(1)


class TableGame(Game):
    """A game of shapiq whose values are a table of ours."""

    def __init__(self, values):
        self.table = values
        n = len(values).bit_length() - 1
        super().__init__(n_players=n, normalize=False)

    def value_function(self, coalitions):
        return self.table[coalitions @ (1 << np.arange(coalitions.shape[1]))]


@pytest.mark.parametrize("n", [1, 2, 4, 6, 7])
def test_shapley_is_the_mean_over_all_orders(n):
    values = RNG.normal(size=2**n)
    expected = np.zeros(n)
    orders = list(permutations(range(n)))
    for order in orders:
        kept = 0
        for segment in order:
            expected[segment] += values[kept | 1 << segment] - values[kept]
            kept |= 1 << segment
    assert shapley_values(values) == pytest.approx(expected / len(orders), abs=1e-12)


@pytest.mark.parametrize("n", [3, 8])
def test_shapley_and_banzhaf_equal_those_of_shapiq(n):
    values = RNG.normal(size=2**n)
    computer = ExactComputer(game=TableGame(values), n_players=n)
    shapley = computer("SV", order=1).get_n_order_values(1)
    assert shapley_values(values) == pytest.approx(np.asarray(shapley), abs=1e-12)
    banzhaf = computer("BV", order=1).get_n_order_values(1)
    assert banzhaf_values(values) == pytest.approx(np.asarray(banzhaf), abs=1e-12)


def test_shapley_values_add_up_and_levels_are_computed_side_by_side():
    values = RNG.normal(size=(2, 3, 2**5))
    found = shapley_values(values)
    assert found.shape == (2, 3, 5)
    assert found.sum(axis=-1) == pytest.approx(values[..., -1] - values[..., 0], abs=1e-12)
    assert found[1, 2] == pytest.approx(shapley_values(values[1, 2]), abs=1e-15)


def test_leave_one_out_is_the_loss_without_one():
    values = RNG.normal(size=2**3)
    expected = [values[0b111] - values[left] for left in (0b110, 0b101, 0b011)]
    assert leave_one_out_values(values) == pytest.approx(expected, abs=1e-15)


def test_the_additive_share_is_that_of_a_linear_fit():
    values = RNG.normal(size=2**6)
    kept = np.arange(2**6)[:, None] >> np.arange(6) & 1
    design = np.column_stack([np.ones(2**6), kept])
    fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
    assert additive_share(values) == pytest.approx(fitted.var() / values.var(), abs=1e-12)
    assert additive_share(kept @ RNG.normal(size=6)) == pytest.approx(1, abs=1e-12)
    assert np.isnan(additive_share(np.full(8, 0.3)))
