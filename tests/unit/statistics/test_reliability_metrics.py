"""Agreement of seeds against scipy, and the draws that it asks for."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from made_coalitions import (
    ANALYSIS,
    attributions_frame,
    logits_of_texts,
    metrics_of,
    normalised_logits,
)
from scipy.stats import spearmanr

from keepfaith.statistics.clusters import Grouping
from keepfaith.statistics.reliability_metrics import reliability_rows

EXAMPLES, TOKENS, SEEDS, TOP = 12, 6, 3, 2
LEVELS = (0, 4)
GROUPING = Grouping({f"e{row:03d}": row for row in range(EXAMPLES)}, None)


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(EXAMPLES, 2, TOKENS))
    return {
        level: [normalised_logits(logits_of_texts(rng, each, 0.3)) for each in weights]
        for level in LEVELS
    }


def seeded_scores(noise):
    """By seed, level and example: one truth with noise of its own."""
    rng = np.random.default_rng(3)
    truth = rng.normal(size=(len(LEVELS), EXAMPLES, TOKENS))
    return [
        dict(zip(LEVELS, list(truth + noise * rng.normal(size=truth.shape)), strict=True))
        for _ in range(SEEDS)
    ]


def attributions(world, scores, method="mine", role="method"):
    return [attributions_frame(world, of, method, seed, role) for seed, of in enumerate(scores)]


def by_level(metrics, metric, method="mine"):
    rows = metrics.filter(family="reliability", metric=metric, method=method)
    return {row["level"]: row for row in rows.iter_rows(named=True)}


def test_the_agreement_is_scipys_over_all_pairs_of_seeds(world):
    scores = seeded_scores(0.7)
    metrics, _ = metrics_of(world, attributions(world, scores))
    for level in LEVELS:
        correlations, overlaps = [], []
        for row in range(EXAMPLES):
            pairs = list(combinations([of[level][row] for of in scores], 2))
            correlations.append(np.mean([spearmanr(a, b).statistic for a, b in pairs]))
            tops = [(set(np.argsort(-a)[:TOP]), set(np.argsort(-b)[:TOP])) for a, b in pairs]
            overlaps.append(np.mean([len(a & b) / TOP for a, b in tops]))
        found = by_level(metrics, "seed_correlation")[level]
        mean = np.mean(correlations)
        assert found["value"] == pytest.approx(mean, abs=1e-9)
        assert found["low"] < found["value"] < found["high"]
        assert found["examples"] == EXAMPLES
        # One token per segment: the scores of segments are those of the tokens.
        segments = by_level(metrics, "segment_seed_correlation")[level]
        assert segments["value"] == pytest.approx(found["value"], abs=1e-9)
        overlap = by_level(metrics, "seed_overlap")[level]
        assert overlap["value"] == pytest.approx(np.mean(overlaps), abs=1e-9)
        assert overlap["reference_low"] == overlap["reference_high"] == pytest.approx(TOP / TOKENS)
        draws = by_level(metrics, "draws_needed")[level]
        assert draws["value"] == pytest.approx(9 * (1 - mean) / mean, abs=1e-9)
        assert draws["low"] < draws["value"] < draws["high"]
        assert draws["change"] is None and draws["p_value"] is None
    assert by_level(metrics, "seed_correlation")[4]["change"] is not None


def test_a_method_with_one_seed_has_no_rows_and_exact_ones_neither(world):
    tables = attributions(world, seeded_scores(0.7)[:1])
    metrics, _ = metrics_of(world, tables)
    assert metrics.filter(family="reliability").is_empty()
    assert not metrics.filter(metric="segment_faithfulness", method="mine").is_empty()


def test_seeds_that_contradict_each_other_need_no_number_of_draws(world):
    one = seeded_scores(0.0)[0]
    other = {level: [-each for each in of] for level, of in one.items()}
    metrics, _ = metrics_of(world, attributions(world, [one, other]))
    assert by_level(metrics, "seed_correlation")[0]["value"] == pytest.approx(-1)
    draws = by_level(metrics, "draws_needed")[0]
    assert draws["value"] is draws["low"] is draws["high"] is None


def test_examples_with_equal_scores_are_left_out_of_the_correlation_at_all_levels(world):
    scores = seeded_scores(0.7)
    scores[1][4] = [np.zeros(TOKENS), *scores[1][4][1:]]
    metrics, _ = metrics_of(world, attributions(world, scores))
    found = by_level(metrics, "seed_correlation")
    assert [found[level]["examples"] for level in LEVELS] == [EXAMPLES - 1] * 2
    assert [by_level(metrics, "seed_overlap")[level]["examples"] for level in LEVELS] == [
        EXAMPLES
    ] * 2


def test_where_no_seed_ranks_there_is_no_correlation_and_the_overlap_is_chance(world):
    scores = [{level: [np.zeros(TOKENS)] * EXAMPLES for level in LEVELS}] * 2
    metrics, _ = metrics_of(world, attributions(world, scores))
    assert not by_level(metrics, "seed_correlation") and not by_level(metrics, "draws_needed")
    overlap = by_level(metrics, "seed_overlap")[0]
    assert overlap["value"] == pytest.approx(overlap["reference_low"])


def test_without_coalitions_tokens_alone_are_compared_and_controls_too(world):
    tables = attributions(world, seeded_scores(9.0), "drawn", "control")
    rows = pl.DataFrame(reliability_rows(tables, None, TOP, GROUPING, ANALYSIS))
    assert set(rows["metric"]) == {"seed_correlation", "draws_needed", "seed_overlap"}
    assert set(rows["role"]) == {"control"}
    with pytest.raises(ValueError, match="example e003: 30 scores, expected 2 levels x 3 seeds x"):
        first = tables[0].filter(~((pl.col("example_id") == "e003") & (pl.col("level") == 4)))
        reliability_rows([first, *tables[1:]], None, TOP, GROUPING, ANALYSIS)
