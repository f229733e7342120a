import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from keepfaith.artifacts.schemas import CURVES, FAITHFULNESS
from keepfaith.artifacts.tables import conform
from keepfaith.faithfulness.metrics import curves, per_example_aggregates, summarise


def faithfulness(rows):
    """FAITHFULNESS from (level, example, seed, fraction, selected, full, perturbed)."""
    return conform(
        pl.DataFrame(
            [
                {
                    "level": level,
                    "example_id": example,
                    "method": "lime",
                    "role": "method",
                    "seed": seed,
                    "ranking": "method",
                    "operator": "delete",
                    "kind": "comprehensiveness",
                    "fraction": fraction,
                    "target": 0,
                    "features": 8,
                    "selected": selected,
                    "full_probability": full,
                    "perturbed_probability": perturbed,
                    "difference": None if perturbed is None else full - perturbed,
                }
                for level, example, seed, fraction, selected, full, perturbed in rows
            ],
            infer_schema_length=None,
        ),
        FAITHFULNESS,
    )


ROWS = [
    (0, "a", 0, 0.1, 0, 0.9, None),
    (0, "a", 0, 0.3, 2, 0.9, 0.5),
    (0, "a", 0, 0.5, 4, 0.9, 0.7),
    (0, "b", 0, 0.1, 1, 0.6, 0.5),
    (0, "b", 0, 0.3, 3, 0.6, 0.4),
    (0, "b", 0, 0.5, 5, 0.6, 0.9),
    (0, "a", 1, 0.1, 0, 0.9, None),
    (0, "a", 1, 0.3, 2, 0.9, 0.9),
    (0, "a", 1, 0.5, 4, 0.9, 0.8),
    (0, "b", 1, 0.1, 1, 0.6, 0.6),
    (0, "b", 1, 0.3, 3, 0.6, 0.6),
    (0, "b", 1, 0.5, 5, 0.6, 0.6),
]


def values(aggregate):
    table = per_example_aggregates(faithfulness(ROWS), aggregate)
    return {(e, s): v for e, s, v in table.select("example_id", "seed", "value").iter_rows()}


def test_study_divides_by_one_more_than_the_non_empty_fractions():
    found = values("study")
    assert found["a", 0] == pytest.approx((0.4 + 0.2) / 3)
    assert found["b", 0] == pytest.approx((0.1 + 0.2 - 0.3) / 4)
    assert found["a", 1] == pytest.approx((0.0 + 0.1) / 3)


def test_eraser_is_the_plain_mean_of_the_non_empty_fractions():
    assert values("eraser")["a", 0] == pytest.approx((0.4 + 0.2) / 2)


def test_five_fractions_of_the_study_are_five_sixths_of_eraser():
    rng = np.random.default_rng(0)
    rows = [
        (0, "a", 0, f, 1, 0.8, p)
        for f, p in zip((0.1, 0.2, 0.3, 0.4, 0.5), rng.random(5), strict=True)
    ]
    study = per_example_aggregates(faithfulness(rows), "study")["value"][0]
    eraser = per_example_aggregates(faithfulness(rows), "eraser")["value"][0]
    assert study == pytest.approx(5 / 6 * eraser)


def test_an_example_without_any_fraction():
    rows = [(0, "a", 0, 0.1, 0, 0.9, None)]
    # Nothing was removed, so nothing was measured: the study's formula would count it as no loss.
    assert per_example_aggregates(faithfulness(rows), "study")["value"].to_list() == [None]
    assert per_example_aggregates(faithfulness(rows), "eraser")["value"].to_list() == [None]


def test_unknown_aggregate_lists_the_known_ones():
    with pytest.raises(ValueError, match="study, eraser"):
        per_example_aggregates(faithfulness(ROWS), "mean")


def test_summary_has_the_band_over_seeds():
    table = summarise(per_example_aggregates(faithfulness(ROWS), "study"))
    means = [(0.2 + 0.0) / 2, (0.1 / 3 + 0.0) / 2]
    assert table["value"].to_list() == pytest.approx([np.mean(means)])
    assert table["seed_sd"].to_list() == pytest.approx([np.std(means, ddof=1)])
    assert table.select("seeds", "examples").rows() == [(2, 2)]


def test_curves_by_hand():
    table = curves(faithfulness(ROWS))
    assert list(table.columns) == list(CURVES.columns)
    assert table["fraction"].to_list() == [0.1, 0.3, 0.5]
    assert table["value"].to_list() == pytest.approx([0.05, (0.3 + 0.0) / 2, (-0.05 + 0.05) / 2])
    assert table["seed_sd"].to_list() == pytest.approx(
        [np.std([0.1, 0], ddof=1), np.std([0.3, 0], ddof=1), np.std([-0.05, 0.05], ddof=1)]
    )
    assert table["examples"].to_list() == [1, 2, 2]


def test_one_seed_has_no_band():
    one = faithfulness([row for row in ROWS if row[2] == 0])
    assert curves(one)["seed_sd"].null_count() == 3
    assert summarise(per_example_aggregates(one))["seed_sd"].null_count() == 1


def test_a_fraction_that_no_prompt_fills_is_null():
    table = curves(faithfulness([(0, "a", 0, 0.1, 0, 0.9, None)]))
    assert table.select("value", "examples").rows() == [(None, 0)]


def test_order_of_rows_does_not_matter():
    shuffled = [ROWS[i] for i in np.random.default_rng(0).permutation(len(ROWS))]
    a, b = curves(faithfulness(ROWS)), curves(faithfulness(shuffled))
    for column in ("value", "seed_sd"):
        np.testing.assert_allclose(a[column].to_numpy(), b[column].to_numpy(), atol=1e-12)


def test_metrics_do_not_import_torch():
    code = "import sys, keepfaith.faithfulness.metrics as m; assert 'torch' not in sys.modules"
    path = {"PYTHONPATH": ":".join(p for p in sys.path if p)}
    subprocess.run([sys.executable, "-c", code], check=True, env=path)


def test_examples_of_one_passage_are_counted_once():
    whole = curves(faithfulness(ROWS))
    assert (whole["clusters"] == whole["examples"]).all()
    shared = curves(faithfulness(ROWS), dict.fromkeys(faithfulness(ROWS)["example_id"], 0))
    assert (shared["clusters"] == shared["examples"].clip(upper_bound=1)).all()
    assert shared["examples"].max() > 1
    assert shared.drop("clusters").equals(whole.drop("clusters"))
