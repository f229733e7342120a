"""Tables of limits, curves and the swap against all orders of up to five segments."""

from itertools import pairwise, permutations

import numpy as np
import polars as pl
import pytest
from made_coalitions import attributions_frame, coalitions_frame

from keepfaith.coalitions.best_order import best_removal, best_retention
from keepfaith.coalitions.curve_rows import FRACTIONS
from keepfaith.coalitions.curves import faithfulness
from keepfaith.coalitions.explanations import judge_segments
from keepfaith.coalitions.games import ExplanationError
from keepfaith.coalitions.indices import banzhaf_values, leave_one_out_values, shapley_values
from keepfaith.scoring.values import margins, probabilities

SIZES = (2, 3, 5)
LEVELS = (0, 1, 4, 6)
EXACT = {
    "shapley": shapley_values,
    "banzhaf": banzhaf_values,
    "leave_one_out": leave_one_out_values,
}


@pytest.fixture(scope="module")
def world():
    """Three examples with 2, 3 and 5 segments; levels 1 and 4 predict as the dense one does, level 6 does not."""
    rng = np.random.default_rng(1)
    found = {level: [rng.normal(size=(3, 2**n)) for n in SIZES] for level in LEVELS}
    for level, examples in found.items():
        for values in examples:
            values[:, -1] = [0.0, 2.0, 1.0] if level < 6 else [3.0, 2.0, 1.0]
    return found


@pytest.fixture(scope="module")
def scores(world):
    rng = np.random.default_rng(2)
    found = {level: [rng.normal(size=n) for n in SIZES] for level in LEVELS}
    found[1][2] = np.array([0.0, 1.0, 0.0, 2.0, 1.0])  # ties
    return found


@pytest.fixture(scope="module")
def judged(world, scores):
    return judge_segments(coalitions_frame(world), [attributions_frame(world, scores)])


def losses(values, order, keep=False):
    """v(all) - v(coalition) for k = 0..n segments of an order removed, or kept."""
    full = len(values) - 1
    tops = [sum(1 << i for i in order[:k]) for k in range(len(order) + 1)]
    return np.array([values[-1] - values[top if keep else full ^ top] for top in tops])


def orders_of(scores):
    """Every order that falls with the scores."""
    return [
        order
        for order in permutations(range(len(scores)))
        if all(scores[a] >= scores[b] for a, b in pairwise(order))
    ]


def test_the_limits_are_those_of_all_orders(world, judged):
    assert judged.limits.height == len(LEVELS) * len(SIZES)
    for row in judged.limits.iter_rows(named=True):
        example = int(row["example_id"][1:])
        table = world[row["level"]][example].T
        target = 1 if row["level"] < 6 else 0
        margin, probability = margins(table, target), probabilities(table, target)
        every = list(permutations(range(SIZES[example])))
        areas = [losses(margin, order)[1:].mean() for order in every]
        assert (row["target"], row["flipped"]) == (target, target == 0)
        assert row["segments"] == SIZES[example]
        assert (row["whole"], row["none"]) == pytest.approx((margin[-1], margin[0]))
        found = (row["best"], row["worst"], row["chance"])
        assert found == pytest.approx((max(areas), min(areas), np.mean(areas)), abs=1e-12)
        for column, keep in (("probability_chance", False), ("probability_retention_chance", True)):
            mean = np.mean([losses(probability, order, keep)[1:].mean() for order in every])
            assert row[column] == pytest.approx(mean, abs=1e-12)
        kept = np.arange(len(margin))[:, None] >> np.arange(SIZES[example]) & 1
        design = np.column_stack([np.ones(len(margin)), kept])
        fitted = design @ np.linalg.lstsq(design, margin, rcond=None)[0]
        assert row["additive_share"] == pytest.approx(fitted.var() / margin.var(), abs=1e-9)
        assert row["explainable"]


def test_nothing_to_explain_is_said_and_a_constant_value_has_no_additive_share():
    table = np.zeros((2, 8))
    table[0] = 1.0
    (row,) = judge_segments(coalitions_frame({0: [table]}), []).limits.iter_rows(named=True)
    assert not row["explainable"] and row["additive_share"] is None and row["best"] == 0.0


def test_areas_on_the_probability_are_those_of_the_definition(world, scores, judged):
    mine = judged.explanations.filter(method="mine")
    assert mine.height == len(LEVELS) * len(SIZES)
    for row in mine.iter_rows(named=True):
        example = int(row["example_id"][1:])
        values = probabilities(world[row["level"]][example].T, row["target"])
        orders = orders_of(scores[row["level"]][example])
        for column, keep in (
            ("probability_removal_area", False),
            ("probability_retention_area", True),
        ):
            mean = np.mean([losses(values, order, keep)[1:].mean() for order in orders])
            assert row[column] == pytest.approx(mean, abs=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_the_best_orders_are_the_best_of_all(n):
    values = np.random.default_rng(n).normal(size=(2, 3, 2**n))
    for best, keep, choose in ((best_removal, False, max), (best_retention, True, min)):
        found = best(values)
        assert found.shape == (2, 3, n)
        for of_game, scores in zip(values.reshape(-1, 2**n), found.reshape(-1, n), strict=True):
            areas = [losses(of_game, order, keep)[1:].mean() for order in permutations(range(n))]
            (order,) = orders_of(scores)
            own = losses(of_game, order, keep)[1:].mean()
            assert own == pytest.approx(choose(areas), abs=1e-12)


def read(values, orders, keep):
    """The mean curve of some orders at the fractions of the table."""
    n = len(values).bit_length() - 1
    mean = np.mean([losses(values, order, keep) for order in orders], axis=0)
    return np.interp(FRACTIONS, np.arange(n + 1) / n, mean)


@pytest.mark.parametrize("kind", ["removal", "retention"])
@pytest.mark.parametrize("level", LEVELS)
def test_curves_are_means_over_examples_at_the_same_fractions(world, scores, judged, level, kind):
    keep, target = kind == "retention", 1 if level < 6 else 0
    choose = min if keep else max
    for column, of in (("value_lost", margins), ("probability_lost", probabilities)):
        expected: dict[str, list[np.ndarray]] = {
            "mine": [],
            "shapley": [],
            "chance": [],
            "best": [],
        }
        for values, own in zip(world[level], scores[level], strict=True):
            game = of(values.T, target)
            every = list(permutations(range(len(own))))
            exact = orders_of(shapley_values(margins(values.T, target)))
            best = choose(every, key=lambda order: losses(game, order, keep)[1:].mean())
            for name, orders in (
                ("mine", orders_of(own)), ("shapley", exact), ("chance", every), ("best", [best]),
            ):  # fmt: skip
                expected[name].append(read(game, orders, keep))
        for name, curves in expected.items():
            rows = judged.curves.filter(level=level, kind=kind, method=name).sort("fraction")
            assert rows["fraction"].to_list() == pytest.approx(list(FRACTIONS))
            assert rows[column].to_list() == pytest.approx(np.mean(curves, axis=0), abs=1e-12)
            assert set(rows["examples"]) == {len(SIZES)}
            assert set(rows["role"]) == {"limit" if name in ("chance", "best") else "method"}


def test_the_swap_is_the_faithfulness_of_every_pair(world, scores, judged):
    keys = ["explaining", "judging", "example_id", "method", "seed", "target"]
    assert judged.swap.select(keys).n_unique() == judged.swap.height
    pairs = len(LEVELS) ** 2 * len(SIZES)
    assert judged.swap.filter(method="mine").height == pairs
    assert judged.swap.filter(method="shapley").height == pairs + len(SIZES)  # level 6 on itself
    for row in judged.swap.iter_rows(named=True):
        explaining, judging, example = row["explaining"], row["judging"], int(row["example_id"][1:])
        own = [0 if level == 6 else 1 for level in (explaining, judging)]
        target = row["target"]
        assert row["flipped"] == (set(own) != {target})
        assert target == (1 if row["flipped"] else own[0])
        judge = margins(world[judging][example].T, target)
        if row["method"] == "mine":
            if row["flipped"]:
                assert row["faithfulness"] is None
                continue
            ranking = scores[explaining][example]
        else:
            ranking = EXACT[row["method"]](margins(world[explaining][example].T, target))
        assert row["faithfulness"] == pytest.approx(faithfulness(judge, ranking), abs=1e-12)


def test_a_level_under_itself_is_its_own_faithfulness(judged):
    own = judged.swap.filter(pl.col("explaining") == pl.col("judging"), ~pl.col("flipped"))
    both = own.join(
        judged.explanations,
        left_on=["judging", "example_id", "method", "seed"],
        right_on=["level", "example_id", "method", "seed"],
    )
    assert both.height == own.height == judged.explanations.height
    expected = both["faithfulness_right"].to_list()
    assert both["faithfulness"].to_list() == pytest.approx(expected, abs=1e-12)


def test_levels_with_different_tokens_are_refused(world, scores):
    table = attributions_frame(world, scores)
    short = table.filter(
        ~((pl.col("level") == 4) & (pl.col("example_id") == "e001") & (pl.col("feature") == 0))
    )
    with pytest.raises(ExplanationError, match="example e001: scores of 2 tokens at level 4, of 3"):
        judge_segments(coalitions_frame(world), [short])
