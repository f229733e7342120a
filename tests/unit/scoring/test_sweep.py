"""Groups of levels split where levels part, and nothing stays behind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoo import tiny_model

from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.sweep import plan, sweeping


def names(step):
    """A step of the plan in short: + with attention, - without, . settled."""
    return [
        [(("." if part.settled else "+" if part.on else "-"), part.levels) for part in parts]
        for parts in step
    ]


def test_a_group_splits_at_the_layer_its_levels_differ_in():
    steps = plan(3, (2, 0), (0, 1, 2))
    assert [names(step) for step in steps] == [
        [[("+", (0, 1)), ("-", (2,))]],
        [[("+", (0, 1))], [("+", (2,))]],
        [[("+", (0,)), (".", (1,))], [(".", (2,))]],
    ]


def test_levels_settle_above_their_last_attention():
    steps = plan(4, (3, 2, 1, 0), (0, 2, 4))
    assert [names(step) for step in steps] == [
        [[("+", (0, 2)), (".", (4,))]],
        [[("+", (0, 2))]],
        [[("+", (0,)), (".", (2,))]],
        [[("+", (0,))]],
    ]


@given(st.permutations(range(7)), st.integers(0, 7))
def test_every_level_goes_through_every_layer_as_it_would_alone(order, maximum):
    levels = tuple(range(maximum + 1))
    attention = {level: [] for level in levels}
    settled = set()
    for layer, step in enumerate(plan(7, order, levels)):
        met = []
        for part in (part for parts in step for part in parts):
            met += part.levels
            for level in part.levels:
                attention[level].append(part.on)
            if part.settled:
                settled.update(part.levels)
                above = set(range(layer, 7))
                assert above <= set(order[: part.levels[0]])
        for level in settled - set(met):
            attention[level].append(False)
        assert sorted({*met, *settled}) == list(levels)
    for level, ons in attention.items():
        assert [layer for layer, on in enumerate(ons) if not on] == sorted(order[:level])


def test_upper_layers_first_takes_few_full_runs():
    """From the top down a level settles where it leaves the one before: all cost what the dense model does."""
    steps = plan(16, tuple(reversed(range(16))), tuple(range(9)))
    full = [part for step in steps for parts in step for part in parts if not part.settled]
    assert len(full) == 16


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
