from itertools import combinations

import numpy as np
import polars as pl
import pytest

from keepfaith.artifacts.schemas import ATTRIBUTIONS
from keepfaith.artifacts.tables import conform
from keepfaith.faithfulness.agreement import overlap


def attributions(scores, method="lime"):
    """ATTRIBUTIONS from {example: array [levels, seeds, features]}."""
    rows = [
        {
            "level": level,
            "example_id": example,
            "method": method,
            "role": "method",
            "seed": seed,
            "target": 0,
            "feature": feature,
            "token_id": 7,
            "start": feature,
            "end": feature + 1,
            "score": float(array[level, seed, feature]),
        }
        for example, array in scores.items()
        for level, seed, feature in np.ndindex(*array.shape)
    ]
    return conform(pl.DataFrame(rows), ATTRIBUTIONS)


def cell(table, top, a, b):
    return table.filter(top=top, level_a=a, level_b=b).row(0, named=True)


def test_by_hand():
    scores = np.array([[[4.0, 3, 2, 1]], [[4.0, 1, 3, 2]]])
    table = overlap(attributions({"a": scores}), tops=(1, 2, 3))
    assert [cell(table, top, 0, 1)["overlap"] for top in (1, 2, 3)] == pytest.approx(
        [1, 1 / 2, 2 / 3]
    )
    assert [cell(table, top, 0, 1)["chance"] for top in (1, 2, 3)] == pytest.approx(
        [1 / 4, 2 / 4, 3 / 4]
    )
    assert cell(table, 2, 0, 1)["floor"] is None
    assert cell(table, 2, 1, 1)["overlap"] == 1
    assert len(table) == 3 * 4


def test_brute_force_without_ties():
    rng = np.random.default_rng(0)
    scores = {f"e{i}": rng.normal(size=(3, 3, n)) for i, n in enumerate((6, 9, 30))}
    table = overlap(attributions(scores), tops=(5, 10))
    for top in (5, 10):
        for a, b in np.ndindex(3, 3):

            def share(x, y, top=top):
                first, second = (set(np.argsort(-v)[:top].tolist()) for v in (x, y))
                return len(first & second) / min(top, len(x))

            expected = np.mean([share(s[a].sum(0), s[b].sum(0)) for s in scores.values()])
            floors = [
                np.mean(
                    [
                        [share(s[k, i], s[k, j]) for i, j in combinations(range(3), 2)]
                        for s in scores.values()
                    ]
                )
                for k in (a, b)
            ]
            row = cell(table, top, a, b)
            assert row["overlap"] == pytest.approx(expected)
            assert row["floor"] == pytest.approx(np.mean(floors))
            assert row["chance"] == pytest.approx(np.mean([min(1, top / n) for n in (6, 9, 30)]))
            assert row["examples"] == 3


def test_shared_zeros_are_no_agreement():
    scores = np.zeros((2, 2, 20))
    row = cell(overlap(attributions({"a": scores}), tops=(5,)), 5, 0, 1)
    assert row["overlap"] == pytest.approx(row["chance"]) == pytest.approx(5 / 20)
    assert row["floor"] == pytest.approx(5 / 20)


def test_random_scores_overlap_as_chance_says():
    rng = np.random.default_rng(1)
    scores = {f"e{i}": rng.random((2, 3, 25)) for i in range(400)}
    row = cell(overlap(attributions(scores), tops=(10,)), 10, 0, 1)
    standard_error = np.sqrt(0.4 * 0.6 / 10 / 400)
    assert abs(row["overlap"] - 0.4) < 4 * standard_error
    assert abs(row["floor"] - 0.4) < 4 * standard_error


def test_methods_are_kept_apart_and_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(2)
    lime = attributions({"a": rng.normal(size=(2, 1, 8))})
    gradient = attributions({"a": rng.normal(size=(2, 2, 8))}, "input_x_gradient")
    both = overlap(pl.concat([lime, gradient]).sample(fraction=1, shuffle=True, seed=0)).sort(
        "method", "top", "level_a", "level_b"
    )
    alone = pl.concat([overlap(gradient), overlap(lime)]).sort(
        "method", "top", "level_a", "level_b"
    )
    assert both.equals(alone)


def test_a_missing_level_is_named():
    frame = attributions({"a": np.ones((2, 2, 3)), "b": np.ones((2, 2, 3))})
    with pytest.raises(ValueError, match="example b"):
        overlap(frame.filter(~((pl.col("example_id") == "b") & (pl.col("level") == 1))))
