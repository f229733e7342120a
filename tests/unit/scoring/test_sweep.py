"""Groups of levels split where levels part, and nothing stays behind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoo import tiny_model

from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.sweep import split, sweeping


def test_a_group_splits_at_the_layer_its_levels_differ_in():
    assert split([(0, 1, 2)], 2) == [[(True, (0, 1)), (False, (2,))]]
    assert split([(0, 1), (2,)], 3) == [[(True, (0, 1))], [(True, (2,))]]
    assert split([(1, 2)], 1) == [[(False, (1, 2))]]


@given(st.permutations(range(7)), st.integers(0, 7))
def test_any_order_ends_in_one_group_per_level(order, maximum):
    groups = [tuple(range(maximum + 1))]
    state = {level: [] for level in groups[0]}
    for layer in range(7):
        parts = [part for of_group in split(groups, order.index(layer) + 1) for part in of_group]
        for on, group in parts:
            for level in group:
                state[level].append(on)
        groups = [group for _, group in parts]
    assert groups == [(level,) for level in range(maximum + 1)]
    for level, ons in state.items():
        assert [layer for layer, on in enumerate(ons) if not on] == sorted(order[:level])


def test_levels_must_be_distinct_and_ascending():
    model = PrunableModel(tiny_model("llama"))
    with pytest.raises(ValueError, match="ascending"), sweeping(model, [0, 1], [1, 0]):
        pass


def test_layers_are_restored_after_an_error():
    model = PrunableModel(tiny_model("llama"))
    with pytest.raises(RuntimeError, match="boom"), sweeping(model, [0, 1], [0, 2]):
        raise RuntimeError("boom")
    assert all("forward" not in site.layer.__dict__ for site in model.sites)
    assert model.dropped == ()
