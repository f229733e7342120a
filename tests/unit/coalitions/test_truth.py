"""Worlds whose truth is known, through the tables, the metrics and the verdict of a study."""

from itertools import permutations

import numpy as np
import polars as pl
import pytest
from made_coalitions import attributions_frame, logits_of_texts, metrics_of, normalised_logits

from keepfaith.coalitions.curves import removal_area
from keepfaith.scoring.values import margins
from keepfaith.statistics.verdict import verdict

EXAMPLES, SEGMENTS, OPTIONS = 80, 5, 3  # with fewer than 72 texts nothing is kept at a margin of .1
MARGINS = {"faithfulness": 0.1}


def one(metrics, metric, method, level=1):
    """The one row of a metric."""
    return metrics.row(
        by_predicate=(pl.col("metric") == metric)
        & (pl.col("method") == method)
        & (pl.col("level") == level),
        named=True,
    )


def texts(rng, noise, weights=None):
    """Logits of all examples, and the weights they are made of."""
    if weights is None:
        weights = rng.normal(size=(EXAMPLES, OPTIONS, SEGMENTS))
    return [logits_of_texts(rng, of_text, noise) for of_text in weights], weights


def as_world(**levels):
    """Log-likelihoods by level from logits by `level0`, `level1`, ..."""
    return {
        int(name.removeprefix("level")): [normalised_logits(each) for each in logits]
        for name, logits in levels.items()
    }


def noisy(rng, weights, world, sd):
    """Scores by level and example: what each segment says for the level's prediction, less the others; with noise."""
    return {
        level: [
            2 * of_text[int(values[:, -1].argmax())]
            - of_text.sum(axis=0)
            + sd * rng.normal(size=SEGMENTS)
            for of_text, values in zip(weights, examples, strict=True)
        ]
        for level, examples in world.items()
    }


@pytest.mark.parametrize("temperature", [0.5, 2.0, 5.0])
def test_a_temperature_changes_raw_scores_and_neither_faithfulness_nor_a_verdict(temperature):
    rng = np.random.default_rng(4)
    dense, weights = texts(rng, 0.2)
    pruned, _ = texts(rng, 0.8, weights)
    dense, pruned = ([each / 2 for each in of_level] for of_level in (dense, pruned))
    plain, tempered = (
        as_world(level0=dense, level1=dense, level2=[each / by for each in dense])
        | {3: [normalised_logits(each / by) for each in pruned]}
        for by in (1.0, temperature)
    )
    scores = noisy(rng, weights, plain, 0.5)
    divided = {
        level: [each / (temperature if level > 1 else 1) for each in of_level]
        for level, of_level in scores.items()
    }
    # The same explanation at both levels, once divided: an explanation of the margin scales as the margin does.
    scores[1] = scores[2] = scores[0]
    divided[1], divided[2] = scores[0], [each / temperature for each in scores[0]]
    before, _ = metrics_of(plain, [attributions_frame(plain, scores)])
    after, _ = metrics_of(tempered, [attributions_frame(tempered, divided)])
    columns = ["value", "low", "high", "change", "change_low", "change_high"]
    for metric in ("segment_faithfulness", "segment_sufficiency", "judge_effect", "additive_share"):
        one_, other = (each.filter(metric=metric).select(columns) for each in (before, after))
        assert one_.height == other.height > 0
        for column in columns:
            expected = one_[column].to_list()
            assert other[column].to_list() == pytest.approx(expected, abs=1e-9, nan_ok=True)
    for method in ("mine", "shapley"):
        for metric in ("raw_comprehensiveness", "raw_sufficiency"):
            flat, sharp = one(after, metric, method, level=2), one(after, metric, method, level=1)
            assert abs(flat["value"] - sharp["value"]) > 0.2 * abs(sharp["value"])
            chance = [row["reference_low"] for row in (flat, sharp)]
            assert abs(chance[0] - chance[1]) > 0.2 * abs(chance[1])  # of no ranking's making
    statuses = [verdict(each, MARGINS) for each in (before, after)]
    assert statuses[0]["status"].to_list() == statuses[1]["status"].to_list()
    assert statuses[0]["harm"].to_list() == pytest.approx(statuses[1]["harm"].to_list(), abs=1e-9)
    assert set(statuses[1].filter(pl.col("level") < 3)["status"]) == {"kept"}


def test_scrambled_explanations_are_an_explanation_effect_and_no_judge_effect():
    rng = np.random.default_rng(2)
    dense, weights = texts(rng, 0.3)
    pruned, _ = texts(rng, 0.3, weights)
    world = as_world(level0=dense, level1=[each / 2 for each in pruned])
    scores = noisy(rng, weights, world, 0.3)
    scores[1] = [rng.permuted(each) for each in scores[1]]
    metrics, judged = metrics_of(world, [attributions_frame(world, scores)])
    explanation, judge = (
        one(metrics, name, "mine") for name in ("explanation_effect", "judge_effect")
    )
    assert explanation["change_high"] < -0.2
    assert judge["change_low"] <= 0 <= judge["change_high"]
    assert explanation["examples"] == judge["examples"] < EXAMPLES
    flipped = judged.limits.filter(level=1)["flipped"].sum()
    assert judge["examples"] == EXAMPLES - flipped
    assert one(metrics, "drift_correlation", "mine")["high"] < 0.4
    (status,) = verdict(metrics, MARGINS).filter(method="mine")["status"]
    assert status == "degraded"


def test_a_tempered_and_noisy_level_is_a_judge_effect_and_no_explanation_effect():
    rng = np.random.default_rng(3)
    dense, weights = texts(rng, 0.1)
    pruned = [each / 2 + 1.2 * rng.normal(size=each.shape) for each in dense]
    for before, after in zip(dense, pruned, strict=True):
        after[:, -1] = before[:, -1] / 2  # the same prediction
    world = as_world(level0=dense, level1=pruned)
    scores = noisy(rng, weights, world, 0.3)
    metrics, _ = metrics_of(world, [attributions_frame(world, scores)])
    explanation, judge = (
        one(metrics, name, "mine") for name in ("explanation_effect", "judge_effect")
    )
    assert judge["change_high"] < -0.1
    assert explanation["change_low"] <= 0 <= explanation["change_high"]
    assert judge["examples"] == EXAMPLES
    assert one(metrics, "drift_correlation", "mine")["low"] > 0.6


def test_the_best_order_is_one_its_reverse_negative_and_a_random_one_zero_on_average():
    rng = np.random.default_rng(5)
    logits, _ = texts(rng, 0.3)
    world = as_world(level0=logits)
    best = []
    for values in world[0]:
        of_margin = margins(values.T, int(values[:, -1].argmax()))
        orders = [np.array(order, dtype=float) for order in permutations(range(SEGMENTS))]
        best.append(max(orders, key=lambda order: float(removal_area(of_margin, order))))
    rankings = {
        "best_order": best,
        "worst_of_best": [-each for each in best],
        "drawn": [rng.normal(size=SEGMENTS) for _ in best],
        "equal": [np.zeros(SEGMENTS) for _ in best],
    }
    tables = [attributions_frame(world, {0: of}, name) for name, of in rankings.items()]
    metrics, _ = metrics_of(world, tables)
    rows = {name: one(metrics, "segment_faithfulness", name, level=0) for name in rankings}
    assert rows["best_order"]["value"] == pytest.approx(1, abs=1e-9)
    assert rows["worst_of_best"]["high"] < 0
    assert rows["drawn"]["low"] < 0 < rows["drawn"]["high"]
    assert rows["equal"]["value"] == pytest.approx(0, abs=1e-9)
    raw = one(metrics, "raw_comprehensiveness", "equal", level=0)
    assert raw["value"] == pytest.approx(raw["reference_low"], abs=1e-9)
