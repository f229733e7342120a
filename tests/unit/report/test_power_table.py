"""The table of what each task can decide: one row per task and quantity, over models, orders, methods and levels."""

import polars as pl
from figures import synthetic

from keepfaith.artifacts.schemas import VERDICT
from keepfaith.report.power_table import power_table

CELL_COLUMNS = {"model": pl.String, "order": pl.String, "task": pl.String}


def level(task, level, decidable, **names):
    return {
        "model": "m", "order": "cosine", "task": task, "level": level, "quantity": "accuracy", "margin": 0.02,
        "clusters": 277, "spread": 10 * decidable, "decidable": decidable, "detectable": decidable + 0.02,
        "enough": round(1e5 * decidable), **names,
    }  # fmt: skip


def rows_of(*levels):
    frame = pl.DataFrame(list(levels), schema=CELL_COLUMNS | dict(VERDICT.columns))
    table = power_table(frame)
    return None if table is None else [[cell.text for cell in row] for row in table.rows]


def test_ranges_over_levels_and_in_how_many_the_margin_is_decidable():
    found = rows_of(
        level("rte", 1, 0.018),
        level("rte", 2, 0.0312),
        level("rte", 3, 0.053, model="n", clusters=270),
        level("boolq", 1, 0.015, clusters=3270),
        level("boolq", 1, 0.3, quantity="faithfulness", method="lime", margin=0.1),
        level("boolq", 1, 0.4, quantity="faithfulness", method="shapley", margin=0.1),
    )
    assert found == [
        ["rte", "accuracy", "270 to 277", "0.18 to 0.53", "0.018 to 0.053", "0.02",
         "in 1 of 3 cases; takes 3,120 texts or more", "0.038 to 0.073"],
        ["boolq", "accuracy", "3270", "0.15", "0.015", "0.02", "yes", "0.035"],
        ["boolq", "faithfulness", "277", "3.00 to 4.00", "0.300 to 0.400", "0.1",
         "no; takes 30,000 texts or more", "0.320 to 0.420"],
    ]  # fmt: skip


def test_levels_without_an_interval_do_not_count():
    unknown = {"clusters": 4, "spread": None, "decidable": None, "detectable": None, "enough": None}
    assert rows_of({**level("rte", 1, 0.01), **unknown}) is None
    assert rows_of() is None
    only = rows_of({**level("rte", 1, 0.01), **unknown}, level("rte", 2, 0.01))
    assert [row[6] for row in only] == ["yes"]


def test_a_margin_of_zero_is_out_of_reach_of_any_number_of_texts():
    (row,) = rows_of(level("rte", 1, 0.05, margin=0.0, enough=None))
    assert row[6] == "no"


def test_no_number_of_texts_decides_what_has_nothing_to_lose():
    lost = {"advantage": 0.01, "enough": None}
    (row,) = rows_of(level("rte", 1, 0.05, **lost), level("rte", 2, 0.015, **lost))
    assert row[6] == "no; too little to lose"
    (row,) = rows_of(level("rte", 1, 0.05, **lost), level("rte", 2, 0.05, model="n"))
    assert row[6] == "no; takes 5,000 texts or more; too little to lose in 1 of 2 cases"
    (row,) = rows_of(level("rte", 1, 0.015, **lost), level("rte", 2, 0.015, model="n"))
    assert row[6] == "in 1 of 2 cases; too little to lose in 1 of 2 cases"


def test_the_row_of_every_judged_quantity_of_a_cell():
    verdict = synthetic.with_cell(synthetic.cell().verdict, "m", "cosine", "sst2")
    table = power_table(verdict)
    assert [row[1].text for row in table.rows] == [
        "accuracy", "ECE", "Brier score", "comprehensiveness", "sufficiency",
    ]  # fmt: skip
    assert len({len(row) for row in table.rows} | {len(table.header)}) == 1
