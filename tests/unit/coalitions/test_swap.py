"""Explanation and judge effects add up to the change, and each is found where it alone was planted."""

import numpy as np
import pytest

from keepfaith.coalitions.curves import faithfulness
from keepfaith.coalitions.indices import shapley_values
from keepfaith.coalitions.swap import swap_effects

EXAMPLES, SEGMENTS = 200, 6


def effects(dense, pruned, explanation_of_pruned):
    """Effects over examples; explanations are Shapley rankings unless others are given."""
    own = [shapley_values(values) for values in dense]

    def mean(explanations, judges):
        pairs = zip(explanations, judges, strict=True)
        return np.array([faithfulness(values, scores) for scores, values in pairs])

    swap = swap_effects(
        mean(own, dense),
        mean(explanation_of_pruned, pruned),
        (mean(explanation_of_pruned, dense), mean(own, pruned)),
    )
    change = mean(explanation_of_pruned, pruned) - mean(own, dense)
    assert swap.explanation + swap.judge == pytest.approx(change, abs=1e-12)
    return [
        (part.mean(), 1.96 * part.std() / np.sqrt(EXAMPLES))
        for part in (swap.explanation, swap.judge)
    ]


def additive_games(rng, noise):
    weights = rng.normal(size=(EXAMPLES, SEGMENTS))
    kept = np.arange(2**SEGMENTS)[:, None] >> np.arange(SEGMENTS) & 1
    return weights @ kept.T + noise * rng.normal(size=(EXAMPLES, 2**SEGMENTS))


def test_a_scrambled_explanation_is_an_explanation_effect_and_no_judge_effect():
    rng = np.random.default_rng(2)
    dense = additive_games(rng, 0.5)
    pruned = dense + 0.2 * rng.normal(size=dense.shape)
    scrambled = [rng.permuted(shapley_values(values)) for values in pruned]
    (explanation, width), (judge, judge_width) = effects(dense, pruned, scrambled)
    assert explanation + width < -0.3
    assert abs(judge) <= max(judge_width, 0.02)


def test_a_tempered_and_noisy_judge_is_a_judge_effect_and_no_explanation_effect():
    rng = np.random.default_rng(3)
    dense = additive_games(rng, 0.1)
    pruned = dense / 2 + 1.5 * rng.normal(size=dense.shape)
    (explanation, width), (judge, judge_width) = effects(
        dense, pruned, [shapley_values(values) for values in dense]
    )
    assert judge + judge_width < -0.1
    assert abs(explanation) <= max(width, 1e-12)
