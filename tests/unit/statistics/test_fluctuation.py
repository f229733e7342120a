"""Movement along a pruning path: against brute force, and in worlds where nothing or something moves."""

import itertools

import numpy as np
import polars as pl
import pytest
from made_predictions import examples_frame, predictions_frame

from keepfaith.artifacts.schemas import EXPLANATIONS, FLUCTUATION
from keepfaith.statistics.clusters import group_examples
from keepfaith.statistics.fluctuation import fluctuation, movement
from keepfaith.statistics.seed_noise import seed_noise
from keepfaith.statistics.settings import Analysis

ANALYSIS = Analysis(repetitions=1000, seed=1)
STEPS = 6


def drawn(examples: int, world: str, random: np.random.Generator, zigzag: float = 0.0):
    """[examples, STEPS + 1], values with a standard deviation of .1 at each level; means alternate by `zigzag`."""
    shape = (examples, STEPS + 1)
    noise = random.normal(size=shape) if world == "normal" else random.exponential(size=shape) - 1
    return random.random((examples, 1)) + 0.1 * noise + zigzag * (np.arange(STEPS + 1) % 2)


def test_the_movement_is_the_sum_of_squared_steps_without_their_noise():
    values = drawn(12, "normal", np.random.default_rng(0), 0.05)
    expected, total = [], 0.0
    for level in range(1, STEPS + 1):
        step = values[:, level] - values[:, level - 1]
        total += step.mean() ** 2 - step.var(ddof=1) / 12
        expected.append(total)
    np.testing.assert_allclose(movement(values, np.arange(12), ANALYSIS).squared, expected)


def test_the_p_value_counts_all_signs_of_whole_examples():
    values = drawn(7, "normal", np.random.default_rng(3), 0.1)[:, :4]
    steps = np.diff(values, axis=1)
    found = movement(values, np.arange(7), ANALYSIS).p_values
    for last in (1, 2, 3):
        sizes = [
            ((np.array(signs)[:, None] * steps[:, :last]).mean(axis=0) ** 2).sum()
            for signs in itertools.product((1, -1), repeat=7)
        ]
        observed = (steps[:, :last].mean(axis=0) ** 2).sum()
        assert found[last - 1] == pytest.approx(np.mean(np.array(sizes) >= observed - 1e-15))


def test_copies_of_an_example_in_its_cluster_change_nothing():
    values = drawn(8, "skewed", np.random.default_rng(5), 0.05)
    once = movement(values, np.arange(8), ANALYSIS)
    thrice = movement(np.repeat(values, 3, axis=0), np.repeat(np.arange(8), 3), ANALYSIS)
    np.testing.assert_allclose(once.squared, thrice.squared)
    np.testing.assert_allclose(once.p_values, thrice.p_values)


def test_values_that_never_change_do_not_move():
    still = movement(np.ones((30, 5)), np.arange(30), ANALYSIS)
    assert still.squared.tolist() == [0.0] * 4
    assert still.p_values.tolist() == [1.0] * 4


def runs(examples: int, world: str, zigzag: float, count: int = 200) -> tuple[float, float, float]:
    """Share of p-values of at most .05, mean movement, and mean of the plain sum of squared steps."""
    random = np.random.default_rng(examples)
    small, moved, naive = [], [], []
    for _ in range(count):
        values = drawn(examples, world, random, zigzag)
        found = movement(values, np.arange(examples), ANALYSIS)
        small.append(found.p_values[-1] <= 0.05)
        moved.append(found.squared[-1])
        naive.append((np.diff(values.mean(axis=0)) ** 2).sum())
    return float(np.mean(small)), float(np.mean(moved)), float(np.mean(naive))


@pytest.mark.parametrize("world", ["normal", "skewed"])
@pytest.mark.parametrize(("examples", "by_eye"), [(16, 0.0075), (50, 0.0024)])
def test_without_movement_the_test_passes_as_rarely_as_it_says(examples, by_eye, world):
    """An eye sees 6 * 2 * .1^2 / n all the same."""
    share, moved, naive = runs(examples, world, 0.0)
    assert share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    assert abs(moved) < 0.0005
    assert naive == pytest.approx(by_eye, rel=0.15)


def test_a_zigzag_is_found_with_enough_examples():
    share, moved, _ = runs(50, "normal", 0.03)
    assert share > 0.5
    assert moved == pytest.approx(STEPS * 0.03**2, rel=0.1)
    assert runs(200, "normal", 0.03, count=50)[0] > 0.95


def test_what_seeds_shift_alike_at_a_level_is_no_movement():
    """Three seeds that shift all examples of a level: without their variance nearly every sample would move."""
    random = np.random.default_rng(8)
    shares, moved, without = [], [], []
    for _ in range(100):
        values = drawn(100, "normal", random)[:, :, None]
        cube = values + 0.05 * random.normal(size=(1, STEPS + 1, 3))
        noise = seed_noise(np.diff(cube, axis=1), np.arange(100))
        found = movement(cube.mean(axis=2), np.arange(100), ANALYSIS, noise)
        plain = movement(cube.mean(axis=2), np.arange(100), ANALYSIS)
        shares.append(found.p_values[-1] <= 0.05)
        without.append(plain.p_values[-1] <= 0.05)
        moved.append(found.squared[-1])
    assert np.mean(without) > 0.5
    assert np.mean(shares) <= 0.15
    assert abs(np.mean(moved)) < 0.002


@pytest.fixture(scope="module")
def tables() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """PREDICTIONS and EXAMPLES of 40 examples at three levels, and EXPLANATIONS of 20 of them by two methods."""
    random = np.random.default_rng(2)
    scores = {level: random.normal(size=(40, 2)) for level in (0, 2, 3)}
    predictions = predictions_frame({level: rows.tolist() for level, rows in scores.items()})
    examples = examples_frame(random.integers(0, 2, 40).tolist(), [2] * 40)
    rows = [
        {
            "level": level, "example_id": f"e{name:03d}", "method": method, "role": role, "seed": seed,
            "faithfulness": None if (name, level) == (3, 2) else float(random.normal()),
        }
        for method, role, seeds in (("lime", "method", 2), ("random", "control", 1))
        for level in scores for name in range(20) for seed in range(seeds)
    ]  # fmt: skip
    return predictions, examples, pl.DataFrame(rows, schema=dict(EXPLANATIONS.columns))


def test_every_mean_has_a_row_per_last_level_with_the_accuracy_of_the_same_examples(tables):
    predictions, examples, explanations = tables
    grouping = group_examples(examples)
    found = fluctuation(predictions, examples, explanations, grouping, ANALYSIS)
    assert list(found.columns) == list(FLUCTUATION.columns)
    assert set(found.select("metric", "method").rows()) == {
        ("accuracy", None), ("accuracy_of_drawn_ties", None), ("brier", None), ("mean_confidence", None), ("nll", None),
        ("overconfidence", None), ("segment_faithfulness", "lime"),
    }  # fmt: skip
    assert found.select("last_level", "steps").unique().sort("steps").rows() == [(2, 1), (3, 2)]
    accuracy = found.filter(metric="accuracy")
    assert accuracy["movement"].to_list() == accuracy["accuracy_movement"].to_list()
    lime = found.filter(metric="segment_faithfulness")
    assert lime["examples"].to_list() == [19, 19]  # one is unknown at a level
    label = dict(examples.select("example_id", "label").iter_rows())
    best = predictions.sort("log_likelihood").group_by("level", "example_id").last()
    right = {
        (k, e): float(o == label[e])
        for k, e, o in best.select("level", "example_id", "option").rows()
    }
    names = [f"e{name:03d}" for name in range(20) if name != 3]
    values = np.array([[right[level, name] for level in (0, 2, 3)] for name in names])
    same = movement(values, np.arange(19), ANALYSIS)
    np.testing.assert_allclose(lime["accuracy_movement"], same.squared, atol=1e-11)
    np.testing.assert_allclose(lime["accuracy_p_value"], same.p_values, atol=1e-11)


def test_with_fewer_than_six_independent_texts_nothing_is_tested(tables):
    predictions, _, _ = tables
    few = examples_frame([0] * 40, [2] * 40, texts=[f"text {row % 5}" for row in range(40)])
    found = fluctuation(predictions, few, None, group_examples(few), ANALYSIS)
    assert found["clusters"].unique().to_list() == [5]
    assert found["movement"].null_count() == found["p_value"].null_count() == found.height > 0
