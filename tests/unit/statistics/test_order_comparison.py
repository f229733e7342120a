"""By hand, on verdicts of a few rows."""

import polars as pl
import pytest

from keepfaith.artifacts.schemas import VERDICT
from keepfaith.statistics.order_comparison import compare_orders, reach_by_concern

K, U, D = "kept", "undecided", "degraded"


def verdicts(cells):
    """Cells as (order, task): {(quantity, method): statuses of levels 1, 2, ...}."""
    rows = [
        {"model": "m", "order": order, "task": task, "level": level, "quantity": quantity}
        | {"method": method, "status": status}
        for (order, task), quantities in cells.items()
        for (quantity, method), statuses in quantities.items()
        for level, status in enumerate(statuses, start=1)
    ]
    schema = {"model": pl.String, "order": pl.String, "task": pl.String, **VERDICT.columns}
    return pl.DataFrame(rows, schema=schema)


TWO = verdicts(
    {
        ("near", "a"): {
            ("accuracy", None): [K, K, U, D],
            ("ece", None): [K, K, K, K],
            ("brier", None): [K, D, K, K],
            ("comprehensiveness", "lime"): [D, K, K, K],
            ("sufficiency", "kernelshap"): [K, K, K, K],
        },
        ("far", "a"): {
            ("accuracy", None): [K, K, K, K],
            ("brier", None): [K, K, K, D],
            ("comprehensiveness", "lime"): [U, U, U, U],
        },
        ("far", "b"): {("accuracy", None): [K, K, K, D]},
    }
)


def test_a_concern_goes_as_far_as_the_first_of_its_quantities():
    found = reach_by_concern(TWO).filter(order="near")
    assert found.select("concern", "kept", "clear").rows() == [
        ("accuracy", 2, 3),
        ("calibration", 1, 1),
        ("faithfulness", 0, 0),
    ]


def test_orders_are_compared_by_their_means_over_tasks_the_furthest_first():
    found = compare_orders(TWO)
    assert found.select("order", "concern", "tasks", "kept", "clear").rows() == [
        ("far", "accuracy", 2, 3.5, 3.5),
        ("far", "calibration", 1, 3.0, 3.0),
        ("far", "faithfulness", 1, 0.0, 4.0),
        ("near", "accuracy", 1, 2.0, 3.0),
        ("near", "calibration", 1, 1.0, 1.0),
        ("near", "faithfulness", 1, 0.0, 0.0),
    ]


def test_an_order_that_shows_nothing_is_not_ahead_of_one_that_keeps():
    """Clear at every level for lack of evidence, against kept up to level 1 and degraded from level 2 on."""
    table = verdicts(
        {
            ("a_noisy", "a"): {("accuracy", None): [U, U, U, U]},
            ("b_precise", "a"): {("accuracy", None): [K, D, D, D]},
        }
    )
    found = compare_orders(table).select("order", "kept", "clear").rows()
    assert found == [("b_precise", 1.0, 1.0), ("a_noisy", 0.0, 4.0)]


def test_a_harmed_level_is_clear_and_not_kept():
    table = verdicts({("o", "a"): {("accuracy", None): [K, "harmed", D]}})
    assert reach_by_concern(table).select("kept", "clear").rows() == [(1, 2)]


def test_the_sequence_of_the_units_does_not_matter():
    assert compare_orders(TWO.reverse()).equals(compare_orders(TWO))


@pytest.mark.parametrize("table", [TWO.clear(), TWO.with_columns(level=pl.lit(0, pl.Int64))])
def test_without_a_pruned_level_there_is_nothing(table):
    assert compare_orders(table).is_empty()
