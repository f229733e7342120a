import polars as pl
import pytest

from keepfaith.orders.agreement import agreement, size_agreement


def stability(orders, samples=8):
    rows = [
        (seed, samples, position, layer, "attention", 0.0)
        for seed, order in enumerate(orders)
        for position, layer in enumerate(order, start=1)
    ]
    names = ["seed", "samples", "position", "layer", "component", "score"]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_shares_by_hand():
    found = agreement(stability([[3, 2, 1, 0], [3, 1, 2, 0], [2, 3, 1, 0]]))
    # Level 1: {3} {3} {2}; level 2: {3,2} {3,1} {2,3}.
    assert found["mean"].to_list() == pytest.approx([1 / 3, 2 / 3, 1, 1])
    assert found["lowest"].to_list() == [0, 0.5, 1, 1]
    assert found["highest"].to_list() == [1, 1, 1, 1]
    assert found["chance"].to_list() == [0.25, 0.5, 0.75, 1]


def test_sizes_stand_apart_and_one_draw_has_no_pair():
    table = pl.concat([stability([[0, 1], [0, 1]], 2), stability([[0, 1], [1, 0]], 9)])
    found = agreement(table)
    assert found.filter(level=1).select("samples", "mean").rows() == [(2, 1.0), (9, 0.0)]
    assert agreement(stability([[0, 1]])).is_empty()


def test_smaller_draws_against_the_largest_of_their_seed():
    small, large = stability([[0, 1, 2], [2, 1, 0]], 2), stability([[0, 2, 1], [0, 1, 2]], 9)
    found = size_agreement(pl.concat([large, small]))
    # Seed 0: {0} {0}, then {0,1} {0,2}; seed 1: {2} {0}, then {2,1} {0,1}.
    assert found.rows() == [(2, 1, 0.5), (2, 2, 0.5), (2, 3, 1.0)]
    assert size_agreement(large).is_empty()
