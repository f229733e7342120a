"""Rows of family coalitions: which examples count at which level, and every number by hand."""

import numpy as np
import polars as pl
import pytest
from made_coalitions import attributions_frame, logits_of_texts, metrics_of, normalised_logits
from scipy.stats import spearmanr

from keepfaith.coalitions.swap import swap_effects

EXAMPLES, SEGMENTS, FLIPPED = 24, 5, 7
LEVELS = (0, 2, 3)


@pytest.fixture(scope="module")
def world():
    """At level 3 the first examples flip to option 0; example 20 depends on nothing at level 2."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(EXAMPLES, 2, SEGMENTS))
    found = {
        level: [normalised_logits(logits_of_texts(rng, each, 0.5)) for each in weights]
        for level in LEVELS
    }
    for level, examples in found.items():
        for row, values in enumerate(examples):
            values[:, -1] = [-3.0, -0.1] if level < 3 or row >= FLIPPED else [-0.1, -3.0]
    found[2][20] = np.tile([[-3.0], [-0.1]], 2**SEGMENTS)
    return found


@pytest.fixture(scope="module")
def scores(world):
    """Two seeds of a method; with seed 1 it has equal scores at level 2 of example 9."""
    rng = np.random.default_rng(1)
    found = [
        {level: [rng.normal(size=SEGMENTS) for _ in range(EXAMPLES)] for level in LEVELS}
        for _ in range(2)
    ]
    found[1][2][9] = np.ones(SEGMENTS)
    return found


@pytest.fixture(scope="module")
def computed(world, scores):
    return metrics_of(
        world, [attributions_frame(world, of, seed=seed) for seed, of in enumerate(scores)]
    )


def rows(metrics, metric, method="mine"):
    of_method = pl.col("method").eq_missing(pl.lit(method, dtype=pl.String))
    return metrics.filter(pl.col("family") == "coalitions", pl.col("metric") == metric, of_method)


def by_level(metrics, metric, method="mine"):
    return {row["level"]: row for row in rows(metrics, metric, method).iter_rows(named=True)}


def effects(swap, method, level, flipped):
    """Both effects of one method and level per example, means over seeds, term by term."""
    found: dict[str, list[tuple[float, float]]] = {}
    for (name, _), group in swap.filter(method=method).group_by("example_id", "seed"):

        def term(explaining, judging, apart, group=group):
            chosen = group.filter(explaining=explaining, judging=judging, flipped=apart)
            return np.array(chosen["faithfulness"].to_list(), dtype=float)

        own, crossed = term(0, 0, False), (term(level, 0, flipped), term(0, level, flipped))
        pruned = term(level, level, flipped)
        if len(crossed[0]) and not np.isnan([*own, *pruned, *crossed[0], *crossed[1]]).any():
            of = swap_effects(own, pruned, crossed)
            found.setdefault(name, []).append((of.explanation.item(), of.judge.item()))
    return np.array([np.mean(of, axis=0) for of in found.values()]).reshape(-1, 2)


@pytest.mark.parametrize("method", ["mine", "shapley"])
def test_effects_are_means_over_the_examples_that_a_level_predicts_as_the_dense_one(
    computed, method
):
    metrics, judged = computed
    for place, metric in enumerate(("explanation_effect", "judge_effect")):
        found = by_level(metrics, metric, method)
        assert list(found) == [2, 3]
        assert (found[2]["examples"], found[3]["examples"]) == (EXAMPLES - 1, EXAMPLES - FLIPPED)
        for level, row in found.items():
            expected = effects(judged.swap, method, level, flipped=False)
            assert len(expected) == row["examples"]
            assert row["value"] == pytest.approx(expected[:, place].mean(), abs=1e-9)
            assert row["change"] == row["value"]
            assert row["change_low"] < row["value"] < row["change_high"]
            assert 0 < row["p_value"] <= 1
            assert (row["seed_low"] is None) == (method == "shapley")


def test_effects_on_flipped_examples_are_those_of_exact_methods_alone(computed):
    metrics, judged = computed
    for place, metric in enumerate(("explanation_effect_flipped", "judge_effect_flipped")):
        assert rows(metrics, metric).is_empty()
        (row,) = rows(metrics, metric, "shapley").iter_rows(named=True)
        assert (row["level"], row["examples"]) == (3, FLIPPED)
        expected = effects(judged.swap, "shapley", 3, flipped=True)
        assert row["value"] == pytest.approx(expected[:, place].mean(), abs=1e-9)


def test_both_effects_add_up_to_the_change_of_the_same_examples(computed):
    metrics, judged = computed
    explanation, judge = (
        by_level(metrics, metric, "shapley")[2]["value"]
        for metric in ("explanation_effect", "judge_effect")
    )
    own = judged.explanations.filter(pl.col("method") == "shapley", pl.col("example_id") != "e020")
    means = [own.filter(level=level)["faithfulness"].mean() for level in (2, 0)]
    assert explanation + judge == pytest.approx(means[0] - means[1], abs=1e-9)


def test_drift_is_the_rank_correlation_with_dense_where_the_prediction_is_the_same(
    computed, scores
):
    found = by_level(computed[0], "drift_correlation")
    assert list(found) == list(LEVELS)
    assert found[0]["value"] == pytest.approx(1)
    for level, left_out in ((2, {9}), (3, set(range(FLIPPED)))):
        expected = [
            np.mean([spearmanr(of[level][row], of[0][row]).statistic for of in scores])
            for row in range(EXAMPLES)
            if row not in left_out
        ]
        assert found[level]["examples"] == len(expected)
        assert found[level]["value"] == pytest.approx(np.mean(expected), abs=1e-9)


def test_the_overlap_of_top_segments_has_chance_as_its_reference(computed, scores):
    found = by_level(computed[0], "drift_overlap")
    expected = [
        np.mean([of[3][row].argmax() == of[0][row].argmax() for of in scores])
        for row in range(FLIPPED, EXAMPLES)
    ]
    assert found[3]["value"] == pytest.approx(np.mean(expected), abs=1e-9)  # 5 segments: the top 1
    assert found[3]["reference_low"] == found[3]["reference_high"] == pytest.approx(1 / SEGMENTS)
    assert found[2]["examples"] == EXAMPLES  # equal scores overlap by expectation


def test_what_cannot_be_explained_and_what_flipped_is_counted(computed):
    metrics, judged = computed
    nothing = by_level(metrics, "nothing_to_explain", None)
    assert [nothing[level]["value"] for level in LEVELS] == pytest.approx([0, 1 / EXAMPLES, 0])
    flipped = by_level(metrics, "flipped", None)
    assert [flipped[level]["value"] for level in LEVELS] == pytest.approx(
        [0, 0, FLIPPED / EXAMPLES]
    )
    assert {row["examples"] for row in (*nothing.values(), *flipped.values())} == {EXAMPLES}
    additive = by_level(metrics, "additive_share", None)
    assert {row["examples"] for row in additive.values()} == {EXAMPLES - 1}
    known = judged.limits.filter(pl.col("level") == 3, pl.col("example_id") != "e020")
    assert additive[3]["value"] == pytest.approx(known["additive_share"].mean(), abs=1e-9)
    faithful = by_level(metrics, "segment_faithfulness")
    assert {row["examples"] for row in faithful.values()} == {EXAMPLES - 1}


def test_raw_quantities_are_means_over_all_examples_beside_exact_chance(computed):
    metrics, judged = computed
    for metric, column, chance in (
        ("raw_comprehensiveness", "probability_removal_area", "probability_chance"),
        ("raw_sufficiency", "probability_retention_area", "probability_retention_chance"),
    ):
        for level, row in by_level(metrics, metric).items():
            own = judged.explanations.filter(level=level, method="mine")[column]
            reference = judged.limits.filter(level=level)[chance].mean()
            assert row["value"] == pytest.approx(own.mean(), abs=1e-9)
            assert row["reference_low"] == row["reference_high"] == pytest.approx(reference)
            assert row["examples"] == EXAMPLES
