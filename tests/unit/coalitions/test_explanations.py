"""Explanations judged by the table: exact ones by hand, token methods by the sums of their tokens."""

import numpy as np
import polars as pl
import pytest

from keepfaith.artifacts.schemas import COALITIONS
from keepfaith.coalitions.curves import faithfulness, removal_area
from keepfaith.coalitions.explanations import judge_segments
from keepfaith.coalitions.games import ExplanationError, games
from keepfaith.coalitions.indices import shapley_values
from keepfaith.coalitions.swap import swapped
from keepfaith.scoring.values import margins

SEGMENTS = [(0, 4), (5, 9), (10, 12)]
LEVELS = (0, 2)


def explanations(*tables):
    return judge_segments(*tables).explanations


def coalition_table(values, operator="delete", example_id="a"):
    """COALITIONS of one example; `values` is [levels, options, 2^n]."""
    rows = [
        {
            "level": level,
            "example_id": example_id,
            "operator": operator,
            "option": option,
            "segments": [{"start": start, "end": end} for start, end in SEGMENTS],
            "log_likelihoods": values[place, option].tolist(),
        }
        for place, level in enumerate(LEVELS)
        for option in range(values.shape[1])
    ]
    return pl.DataFrame(rows, schema=dict(COALITIONS.columns))


def attribution_table(scores, targets, role="method", seed=0):
    """Token scores [levels, tokens]: two tokens in segment 0, one each in the others, one in the template."""
    spans = [(0, 2), (2, 4), (5, 9), (10, 12), (13, 15)]
    rows = [
        {
            "level": level,
            "example_id": "a",
            "method": "mine",
            "role": role,
            "seed": seed,
            "target": targets[place],
            "feature": feature,
            "token_id": 7,
            "start": span[0],
            "end": span[1],
            "score": float(scores[place][feature]),
        }
        for place, level in enumerate(LEVELS)
        for feature, span in enumerate(spans)
    ]
    return pl.DataFrame(rows)


@pytest.fixture
def values():
    table = np.random.default_rng(0).normal(size=(2, 3, 8))
    table[0, :, -1] = [0.0, 2.0, 1.0]  # level 0 predicts option 1
    table[1, :, -1] = [3.0, 2.0, 3.0]  # level 2 predicts option 0: ties go to the lowest index
    return table


def test_games_are_the_margin_of_what_each_level_predicts(values):
    (game,) = games(coalition_table(values))
    assert game.targets == (1, 0)
    assert game.values[0] == pytest.approx(margins(values[0].T, 1))
    assert game.values[1] == pytest.approx(margins(values[1].T, 0))
    (game,) = games(coalition_table(values), "probability")
    assert game.values.min() > 0 and game.values.max() < 1


def test_exact_methods_are_judged_by_the_table_they_come_from(values):
    table = explanations(coalition_table(values), [])
    assert table["method"].unique().sort().to_list() == ["banzhaf", "leave_one_out", "shapley"]
    row = table.row(
        by_predicate=(pl.col("method") == "shapley") & (pl.col("level") == 2), named=True
    )
    of_level = margins(values[1].T, 0)
    assert row["scores"] == pytest.approx(shapley_values(of_level))
    assert row["faithfulness"] == pytest.approx(faithfulness(of_level, np.array(row["scores"])))
    assert row["removal_area"] == pytest.approx(removal_area(of_level, np.array(row["scores"])))


def test_a_segments_score_is_the_sum_of_its_tokens_and_template_tokens_have_no_part(values):
    scores = [[1.0, 2.0, 4.0, 0.5, 99.0], [0.0, -1.0, 0.0, 2.0, -99.0]]
    table = explanations(coalition_table(values), [attribution_table(scores, (1, 0))])
    mine = table.filter(method="mine").sort("level")
    assert mine["scores"].to_list() == [[3.0, 4.0, 0.5], [-1.0, 0.0, 2.0]]
    expected = faithfulness(margins(values[0].T, 1), np.array([3.0, 4.0, 0.5]))
    assert mine["faithfulness"][0] == pytest.approx(expected)


def test_equal_scores_are_exactly_chance(values):
    table = explanations(coalition_table(values), [attribution_table(np.zeros((2, 5)), (1, 0))])
    mine = table.filter(method="mine")
    assert mine["faithfulness"].to_list() == pytest.approx([0, 0], abs=1e-12)


def test_controls_are_not_judged_since_chance_is_known(values):
    control = attribution_table(np.ones((2, 5)), (1, 0), role="control")
    table = explanations(coalition_table(values), [control])
    assert table["method"].unique().sort().to_list() == ["banzhaf", "leave_one_out", "shapley"]


def test_where_nothing_can_be_explained_there_is_null():
    values = np.zeros((2, 2, 8))
    values[:, 0] = 1.0
    table = explanations(coalition_table(values), [])
    assert table["faithfulness"].null_count() == table["sufficiency"].null_count() == table.height


def test_scores_of_another_option_or_without_a_level_are_refused(values):
    with pytest.raises(
        ExplanationError, match="example a, level 0: the token scores explain option 2"
    ):
        explanations(coalition_table(values), [attribution_table(np.ones((2, 5)), (2, 0))])
    one_level = attribution_table(np.ones((2, 5)), (1, 0)).filter(pl.col("level") == 0)
    with pytest.raises(ExplanationError, match="example a: no token scores at level 2"):
        explanations(coalition_table(values), [one_level])
    with pytest.raises(
        ExplanationError, match="example a: 5 rows of coalitions, expected 2 levels x 3"
    ):
        list(games(coalition_table(values).head(5)))


def test_levels_that_predict_different_options_are_not_swapped(values):
    (game,) = games(coalition_table(values))
    scores = [shapley_values(of_level) for of_level in game.values]
    found = swapped(game, removal_area(game.values, np.stack(scores)))
    assert np.isnan(found[0, 1]) and np.isnan(found[1, 0])
    assert found[0, 0] == pytest.approx(faithfulness(game.values[0], scores[0]))
    values[1, 1, -1] = 9.0
    (game,) = games(coalition_table(values))
    scores = [shapley_values(of_level) for of_level in game.values]
    found = swapped(game, removal_area(game.values, np.stack(scores)))
    assert found[0, 1] == pytest.approx(faithfulness(game.values[1], scores[0]))
    assert found[1, 0] == pytest.approx(faithfulness(game.values[0], scores[1]))
