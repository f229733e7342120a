"""Settings with which nothing could be shown are refused, and the number that is advised is the least that passes."""

import numpy as np
import pytest
from world import World

from keepfaith.config.draws import (
    check_flips,
    check_interval,
    least_flips,
    least_for_interval,
    least_simulations,
)
from keepfaith.config.errors import ConfigError
from keepfaith.statistics.multiple import holm


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99, 0.999])
@pytest.mark.parametrize("levels", [1, 2, 6, 16, 25, 26, 80])
def test_the_least_numbers_of_draws_pass_and_one_fewer_does_not(levels, confidence):
    limit = (1 - confidence) / 2 * (1 + 1e-9)
    flips, simulations = least_flips(levels, confidence), least_simulations(levels, confidence)
    assert levels / (2 * (flips + 1)) <= limit
    assert flips == 1 or levels / (2 * flips) > limit
    assert levels / simulations <= limit
    assert simulations == 1 or levels / (simulations - 1) > limit


def test_the_bound_is_that_of_holms_correction():
    """The smallest p-value that R sign flips give, at all of K levels."""
    for draws, passes in ((least_flips(6, 0.95), True), (least_flips(6, 0.95) - 1, False)):
        one_sided = np.full(6, 1 / (draws + 1) / 2)
        assert (holm(one_sided).max() <= 0.025 * (1 + 1e-9)) == passes


def test_the_refusal_says_what_to_type():
    check_flips("config: statistics.repetitions", 119, 6, 0.95)
    with pytest.raises(ConfigError) as refused:
        check_flips("config: statistics.repetitions", 50, 6, 0.95)
    assert str(refused.value) == (
        "config: statistics.repetitions: 50 draws can show no harm, however large, at 6 pruned levels with confidence "
        "0.95; type at least 119, or run at most 2 pruned levels"
    )
    with pytest.raises(ConfigError, match=r"type at least 9$"):
        check_flips("config: statistics.repetitions", 3, 1, 0.9)
    check_flips("config: statistics.repetitions", 1, 0, 0.95)


def test_the_levels_that_are_run_count_not_the_deepest(tmp_path):
    """At 95 %, two pruned levels need 39 draws, four need 79."""
    world = World(tmp_path)
    world.set("statistics.repetitions", 40)
    world.set("levels", [0, 1, 4])
    assert world.read().levels["tiny"] == (0, 1, 4)
    world.set("levels", {"maximum": 4})
    with pytest.raises(ConfigError, match=r"at 4 pruned levels .* type at least 79"):
        world.read()


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
def test_a_draw_lies_beyond_each_end_of_an_interval_from_the_least_number(confidence):
    draws = np.arange(least_for_interval(confidence), dtype=float)
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    assert (draws < low).any() and (draws > high).any()
    assert least_for_interval(confidence) * tail >= 1 - 1e-9
    check_interval("config: here", len(draws), confidence)
    if len(draws) > 2:
        with pytest.raises(ConfigError, match=f"type at least {len(draws)}$"):
            check_interval("config: here", len(draws) - 1, confidence)


def test_an_import_counts_its_own_levels(tmp_path):
    """Levels of an import are as many as it names, whatever their numbers, and whatever the study itself prunes."""
    world = World(tmp_path)
    world.set("levels.maximum", 0)
    world.set("statistics.repetitions", 50)
    runs = {str(level): f"runs/drop{level}" for level in (0, 4, 8)}
    world.set("imports", {"mine": runs})
    assert len(world.read().study.imports["mine"].levels) == 3
    world.set("imports", {"mine": {str(level): f"runs/drop{level}" for level in range(7)}})
    with pytest.raises(ConfigError) as refused:
        world.read()
    assert str(refused.value) == (
        "config: statistics.repetitions: 50 draws can show no harm, however large, at 6 pruned levels of imports.mine "
        "with confidence 0.95; type at least 119, or run at most 2 pruned levels"
    )
    world.set("statistics.repetitions", 119)
    world.read()
