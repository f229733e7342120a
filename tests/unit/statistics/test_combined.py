"""Means over tasks: against hand-computed ends, a bootstrap within tasks, and worlds with a known harm."""

import numpy as np
import pytest
from made_predictions import drawn
from scipy.special import ndtr, ndtri

from keepfaith.calibration.exact_error import exact_ece
from keepfaith.calibration.interval import corrected_error
from keepfaith.calibration.probabilities import sample_of
from keepfaith.statistics.bootstrap import bca, leave_one_out, resamples, weighted_means
from keepfaith.statistics.combined import (
    at_steps,
    heterogeneity,
    mean_of_tasks,
    unseen_mean_harm,
)
from keepfaith.statistics.error_change import ErrorChange
from keepfaith.statistics.evidence import fewest_texts

MARGIN, NOMINAL = 0.05, 0.025


def column(*values: float) -> np.ndarray:
    return np.array(values)[:, None]


def test_ends_by_hand():
    """Half-widths .15 and .05, shifts .05 and 0: centre .2 + .05 x .0225 / .025 / 2, half-width sqrt(.025) / 2."""
    low, high = mean_of_tasks(np.array([0.1, 0.3]), column(0.0, 0.25), column(0.3, 0.35))
    assert (low[0], high[0]) == pytest.approx((0.2225 - 0.0790569415, 0.2225 + 0.0790569415))


def test_one_task_keeps_its_interval_and_symmetric_ones_are_movers():
    low, high = mean_of_tasks(np.array([0.1]), column(0.05), column(0.3))
    assert (low[0], high[0]) == pytest.approx((0.05, 0.3))
    harms, widths = np.array([0.1, -0.2, 0.4]), np.array([0.02, 0.3, 0.1])
    low, high = mean_of_tasks(harms, (harms - widths)[:, None], (harms + widths)[:, None])
    mover = np.sqrt(((harms - (harms - widths)) ** 2).sum()) / 3
    assert (low[0], high[0]) == pytest.approx((0.1 - mover, 0.1 + mover))


def test_ends_of_biased_quantities_are_averaged():
    low, high = mean_of_tasks(np.array([0.1, 0.3]), column(0.0, 0.2), column(0.1, 0.6), biased=True)
    assert (low[0], high[0]) == pytest.approx((0.1, 0.35))


def test_intervals_without_width():
    low, high = mean_of_tasks(np.array([0.1, 0.3]), column(0.1, 0.3), column(0.1, 0.3))
    assert (low[0], high[0]) == pytest.approx((0.2, 0.2))
    assert heterogeneity(np.array([0.1, 0.3]), np.array([0.1, 0.2]), np.array([0.1, 0.4]), 0.95) is None  # fmt: skip


def within_tasks(tasks: list[np.ndarray], generator: np.random.Generator) -> tuple[float, float]:
    """BCa interval of the mean over tasks, by 20,000 resamples of the texts within each task."""
    observed = np.mean([harms.mean() for harms in tasks])
    drawn = np.mean(
        [harms[generator.integers(0, len(harms), (20_000, len(harms)))].mean(axis=1) for harms in tasks],
        axis=0,
    )  # fmt: skip
    influences = np.concatenate([(harms - harms.mean()) / len(harms) for harms in tasks])
    acceleration = (influences**3).sum() / (6 * (influences**2).sum() ** 1.5)
    bias = ndtri(np.mean(drawn < observed))
    z = bias + np.array([-1.959964, 1.959964])
    low, high = np.quantile(drawn, ndtr(bias + z / (1 - acceleration * z)))
    return float(low), float(high)


def intervals(harms: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and BCa ends of each column of `harms` [n, W]."""
    texts = len(harms)
    weights = resamples(np.arange(texts), 2000, 3)
    centre = harms.mean(axis=0)
    without = leave_one_out(harms, np.arange(texts))
    low, high = bca(weighted_means(harms, weights), centre, without, [0.95])
    return centre, low[0], high[0]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_interval_is_that_of_a_bootstrap_within_tasks(sign):
    generator = np.random.default_rng(1)
    errors, movers = [], []
    for _ in range(12):
        sizes = ((40, 0.1), (60, 0.2), (80, 0.1), (60, 0.15))
        tasks = [sign * scale * generator.exponential(size=texts) for texts, scale in sizes]
        found = [intervals(harms[:, None]) for harms in tasks]
        harms, low, high = (np.array([one[part] for one in found]) for part in range(3))  # [T, 1]
        ends = np.concatenate(mean_of_tasks(harms[:, 0], low, high))
        brute = np.array(within_tasks(tasks, generator))
        width = brute[1] - brute[0]
        errors.append((ends - brute) / width)
        down, up = (np.sqrt(((end - harms) ** 2).sum()) / 4 for end in (low, high))
        movers.append((harms.mean() + np.array([-down, up]) - brute) / width)
    assert np.abs(np.mean(errors, axis=0)).max() < 0.02
    assert np.abs(errors).max() < 0.06
    assert np.abs(np.mean(movers, axis=0)).max() > 2 * np.abs(np.mean(errors, axis=0)).max()


def harms_at_the_margin(world: str, shape: tuple[int, int], generator) -> np.ndarray:
    if world == "normal":
        return MARGIN + 0.1 * generator.normal(size=shape)
    if world == "losses":
        return MARGIN + 0.15 * (generator.exponential(size=shape) - 1)
    if world == "gains":
        return MARGIN - 0.15 * (generator.exponential(size=shape) - 1)
    return (generator.random(shape) < MARGIN) + 0.05 * generator.normal(size=shape)


@pytest.mark.slow
@pytest.mark.parametrize("world", ["normal", "losses", "gains", "rare"])
@pytest.mark.parametrize(("tasks", "texts"), [(8, 25), (8, 50), (8, 200), (2, 51)])
def test_the_mean_at_the_margin_is_beyond_either_end_as_rarely_as_promised(world, tasks, texts):
    groups = 700
    generator = np.random.default_rng(texts)
    found = intervals(harms_at_the_margin(world, (texts, groups * tasks), generator))
    ends = [
        mean_of_tasks(harm, low[:, None], high[:, None])
        for harm, low, high in zip(*(part.reshape(groups, tasks) for part in found), strict=True)
    ]
    most = NOMINAL + 3 * np.sqrt(NOMINAL * (1 - NOMINAL) / groups)
    assert np.mean([high[0] <= MARGIN for _, high in ends]) <= most
    assert np.mean([low[0] > MARGIN for low, _ in ends]) <= most


@pytest.mark.slow
def test_the_bias_of_ece_does_not_average_out():
    """A calibrated dense model and a level too sure by a factor of 1.3, in tasks of 300 texts: eight at a time."""
    generator = np.random.default_rng(5)
    rows = []
    for _ in range(80):
        scores = generator.normal(size=(300, 2))
        posterior = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        labels = drawn(posterior, generator)
        dense, level = sample_of(scores, labels), sample_of(1.3 * scores, labels)
        errors = [corrected_error(sample, repetitions=300) for sample in (dense, level)]
        change = ErrorChange(*errors, repetitions=300)
        truth = exact_ece(level, posterior) - exact_ece(dense, posterior)
        rows.append((truth, change.plug_in, *change.interval()))
    found = np.array(rows)[generator.integers(0, 80, size=(1000, 8))]  # [1000, 8, 4]
    missed = {
        biased: np.mean([
            not low[0] <= task[:, 0].mean() <= high[0]
            for task in found
            for low, high in [mean_of_tasks(task[:, 1], task[:, 2:3], task[:, 3:], biased=biased)]
        ])
        for biased in (False, True)
    }  # fmt: skip
    assert missed[True] <= 0.05
    assert missed[False] > 0.3


def test_heterogeneity_has_its_size_and_finds_a_broken_task():
    generator = np.random.default_rng(0)
    errors = np.array([0.01, 0.02, 0.02, 0.03, 0.05, 0.01, 0.02, 0.02])

    def p_values(harms: np.ndarray) -> np.ndarray:
        estimates = harms + errors * generator.normal(size=(1500, 8))
        return np.array([
            heterogeneity(one, one - 1.959964 * errors, one + 1.959964 * errors, 0.95) for one in estimates
        ])  # fmt: skip

    equal = p_values(np.full(8, 0.02))
    assert abs(np.mean(equal <= 0.05) - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 1500)
    assert abs(np.mean(equal) - 0.5) < 0.03
    assert np.mean(p_values(np.array([0.0, 0, 0, 0, 0, 0, 0, 0.1])) <= 0.05) > 0.9


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(("margin", "largest"), [(0.05, 1.0), (0.02, 2.0), (0.1, 2.0), (0.02, 1.0)])
def test_with_one_task_the_floor_is_that_of_a_single_verdict(margin, largest, confidence):
    fewest = fewest_texts(margin, largest, confidence)
    assert unseen_mean_harm([fewest], largest, confidence) <= margin
    assert unseen_mean_harm([fewest - 1], largest, confidence) > margin


def most_unseen(texts: np.ndarray, total: float) -> float:
    """Largest probability that no text of any task shows a harm at shares that add up to `total` over the tasks.

    The sum of n log(1 - p) is largest where n / (1 - p) is equal in all tasks that have any.
    """
    below, above = 1e-9, float(texts.max()) + texts.max() * total * 10
    for _ in range(200):
        middle = (below + above) / 2
        shares = np.clip(1 - texts / middle, 0, 1)
        below, above = (below, middle) if shares.sum() > total else (middle, above)
    return float(np.prod((1 - np.clip(1 - texts / above, 0, 1)) ** texts))


def test_no_harm_of_the_margin_goes_unseen_wherever_it_lies():
    generator = np.random.default_rng(0)
    largest_seen = 0.0
    for _ in range(2000):
        tasks = int(generator.integers(1, 9))
        texts = np.exp(generator.uniform(np.log(6), np.log(400), size=tasks)).round()
        margin = unseen_mean_harm(texts.astype(int).tolist(), 1.0, 0.95)
        found = most_unseen(texts, tasks * margin)
        assert found <= NOMINAL * (1 + 1e-6)
        largest_seen = max(largest_seen, found)
        # The search is no weaker than all of the harm in one task, or an equal share in each.
        if tasks * margin < 1:
            assert found >= (1 - tasks * margin) ** texts.min() * (1 - 1e-6)
        assert found >= np.prod((1 - margin) ** texts) * (1 - 1e-6)
    assert largest_seen == pytest.approx(NOMINAL, rel=1e-4)  # a single task


def test_steps_beyond_the_known_ones_are_normal():
    tails = ndtri(1 - 0.025 / np.arange(1, 9))
    ends = (0.2 - 0.03 * tails).tolist()
    assert at_steps(0.2, ends[:3], 8, 0.95) == pytest.approx(ends)
    assert at_steps(0.2, ends, 2, 0.95) == ends[:2]
