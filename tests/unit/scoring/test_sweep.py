"""Groups of levels split where levels differ, and the model is restored afterwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoo import tiny_model

from keepfaith.models.components import Component
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.sweep import plan_sweep, sweeping

SHORT = {(True, True): "+", (False, True): "-", (True, False): "a", (False, False): " "}


def names(step):
    """A layer's plan in short: + whole, - without attention, a attention only; then the settled levels."""
    groups = [[(SHORT[part.kept], part.levels) for part in parts] for parts in step.parts]
    return groups, {level: SHORT[kept] for level, kept in step.settled.items()}


def test_a_group_splits_at_the_layer_its_levels_differ_in():
    steps = plan_sweep(3, (2, 0), (0, 1, 2))
    assert [names(step) for step in steps] == [
        ([[("+", (0, 1)), ("-", (2,))]], {}),
        ([[("+", (0, 1))], [("+", (2,))]], {}),
        ([[("+", (0,))], []], {1: "-", 2: "-"}),
    ]


def test_levels_settle_above_their_last_attention():
    steps = plan_sweep(4, (3, 2, 1, 0), (0, 2, 4))
    assert [names(step) for step in steps] == [
        ([[("+", (0, 2))]], {4: "-"}),
        ([[("+", (0, 2))]], {4: "-"}),
        ([[("+", (0,))]], {2: "-", 4: "-"}),
        ([[("+", (0,))]], {2: "-", 4: "-"}),
    ]


def test_mlps_and_blocks_split_groups_too():
    steps = plan_sweep(3, (Component(1, "mlp"), Component(2, "block")), (0, 1, 2))
    assert [names(step) for step in steps] == [
        ([[("+", (0, 1, 2))]], {}),
        ([[("+", (0,)), ("a", (1, 2))]], {}),
        ([[("+", (0,))], [("+", (1,))]], {2: " "}),
    ]


COMPONENTS = [Component(layer, kind) for layer in range(5) for kind in ("attention", "mlp")]


@given(st.permutations(COMPONENTS), st.integers(0, 10))
def test_every_level_goes_through_every_layer_as_it_would_alone(order, maximum):
    levels = tuple(range(maximum + 1))
    met = {level: [] for level in levels}
    for layer, step in enumerate(plan_sweep(5, order, levels)):
        here = [
            (level, part.kept) for parts in step.parts for part in parts for level in part.levels
        ]
        here += step.settled.items()
        assert sorted(level for level, _ in here) == list(levels)
        for level, (attention, mlp) in here:
            met[level] += [Component(layer, "attention")] * (not attention)
            met[level] += [Component(layer, "mlp")] * (not mlp)
        for level in step.settled:
            assert all(Component(above, "attention") in order[:level] for above in range(layer, 5))
    for level in levels:
        assert sorted(met[level]) == sorted(order[:level])


def test_upper_layers_first_takes_few_full_runs():
    """From the top down, a level settles where it differs from the one before: all together cost one dense pass."""
    steps = plan_sweep(16, tuple(reversed(range(16))), tuple(range(9)))
    assert sum(len(parts) for step in steps for parts in step.parts) == 16


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
