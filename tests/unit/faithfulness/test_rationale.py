import numpy as np
import polars as pl
import pytest

from keepfaith.artifacts.schemas import ATTRIBUTIONS
from keepfaith.artifacts.tables import conform
from keepfaith.faithfulness.rationale import r_precision, rationale_tokens

TOKENS = [(0, 3), (3, 8), (8, 8), (8, 9), (9, 14)]


def frame(scores, example="a", level=0, seed=0):
    rows = [
        {
            "level": level,
            "example_id": example,
            "method": "lime",
            "role": "method",
            "seed": seed,
            "target": 0,
            "feature": i,
            "token_id": 1,
            "start": start,
            "end": end,
            "score": float(score),
        }
        for i, ((start, end), score) in enumerate(zip(TOKENS, scores, strict=True))
    ]
    return conform(pl.DataFrame(rows), ATTRIBUTIONS)


def examples(rationale):
    rows = [{"example_id": key, "rationale": value} for key, value in rationale.items()]
    kind = pl.List(pl.Struct({"start": pl.Int64, "end": pl.Int64}))
    return pl.DataFrame(rows, schema={"example_id": pl.String, "rationale": kind})


def spans(*pairs):
    return [{"start": start, "end": end} for start, end in pairs]


@pytest.mark.parametrize(
    ("rationale", "expected"),
    [
        ([(4, 5)], [1]),
        ([(3, 8)], [1]),
        ([(7, 9)], [1, 3]),
        ([(0, 1), (13, 20)], [0, 4]),
        ([(8, 8)], []),
        ([], []),
    ],
)
def test_a_token_is_rationale_where_it_shares_a_character(rationale, expected):
    assert np.flatnonzero(rationale_tokens(TOKENS, rationale)).tolist() == expected


def test_tokens_against_characters():
    rng = np.random.default_rng(0)
    for _ in range(50):
        pairs = [tuple(sorted(rng.integers(0, 15, 2).tolist())) for _ in range(3)]
        marked = {c for start, end in pairs for c in range(start, end)}
        expected = [bool(marked & set(range(start, end))) for start, end in TOKENS]
        assert rationale_tokens(TOKENS, pairs).tolist() == expected


def test_r_precision_by_hand():
    table = r_precision(frame([5, 4, 0, 1, 3]), examples({"a": spans((3, 9))}))
    assert table.select("rationale", "features", "r_precision", "chance").rows() == [
        (2, 5, 0.5, 0.4)
    ]


def test_ties_count_by_expectation():
    table = r_precision(frame([1, 0, 0, 0, 0]), examples({"a": spans((3, 9))}))
    assert table["r_precision"].to_list() == pytest.approx([(1 / 4 + 1 / 4) / 2])


def test_examples_without_a_known_rationale_are_left_out():
    both = pl.concat([frame([1, 2, 3, 4, 5], name, seed=seed) for name in "abc" for seed in (0, 1)])
    table = r_precision(both, examples({"a": spans((0, 3)), "b": None, "c": []}))
    assert table.select("example_id", "seed", "r_precision").rows() == [
        ("a", 0, 0.0),
        ("a", 1, 0.0),
    ]


def test_a_rationale_that_the_model_does_not_see_is_left_out():
    assert r_precision(frame([1, 2, 3, 4, 5]), examples({"a": spans((40, 50))})).is_empty()


def test_random_scores_reach_chance():
    rng = np.random.default_rng(0)
    many = pl.concat([frame(rng.random(5), f"e{i}") for i in range(400)])
    table = r_precision(many, examples({f"e{i}": spans((3, 9)) for i in range(400)}))
    assert abs(table["r_precision"].mean() - 0.4) < 4 * np.sqrt(0.24 / 2 / 400)
