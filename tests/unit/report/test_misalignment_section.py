"""The page's section on misalignment: number and list of levels in both directions, and the p-values."""

from dataclasses import replace

import polars as pl
from figures import synthetic

from keepfaith.artifacts.schemas import FLUCTUATION, MISALIGNMENT
from keepfaith.report.misalignment import misaligned


def made(shown: dict[str, list[tuple[int, str, str | None]]]) -> pl.DataFrame:
    """MISALIGNMENT of two levels, ECE and the faithfulness of LIME; these rows are shown."""
    rows = [
        {
            "level": level,
            "quantity": quantity,
            "method": method,
            "direction": direction,
            "accuracy_harm": 0.01,
            "accuracy_margin": 0.02,
            "harm": 0.06,
            "margin": 0.02,
            "p_adjusted": 0.0004 if (level, quantity, method) in of_direction else 0.31,
            "shown": (level, quantity, method) in of_direction,
        }
        for direction, of_direction in shown.items()
        for quantity, method in (("ece", None), ("faithfulness", "lime"))
        for level in (2, 4)
    ]
    return pl.DataFrame(rows, schema=dict(MISALIGNMENT.columns))


def section(shown):
    return misaligned(replace(synthetic.cell(), misalignment=made(shown)))


def test_misaligned_levels_are_counted_and_listed_in_both_directions():
    found = section(
        {
            "accuracy_kept": [(2, "ece", None), (4, "ece", None), (4, "faithfulness", "lime")],
            "accuracy_degraded": [],
        }
    )
    assert found.sentences == (
        "Misaligned levels of this task, of 2 levels judged (the accuracy is shown to be kept and another quantity to "
        "be degraded): "
        "2. Level 2: ECE; level 4: ECE, faithfulness (LIME).",
        "The other way round (the accuracy is shown to be degraded and another quantity to be kept): none.",
    )


def test_the_table_has_both_p_values_of_every_quantity_and_level():
    found = section(
        {"accuracy_kept": [(2, "ece", None)], "accuracy_degraded": [(4, "faithfulness", "lime")]}
    ).table
    assert found.folded
    assert [tuple(cell.text for cell in row) for row in found.rows] == [
        ("ECE", "2", "0.5", "3.0", "<.001", "0.310"),
        ("ECE", "4", "0.5", "3.0", "0.310", "0.310"),
        ("faithfulness (LIME)", "2", "0.5", "3.0", "0.310", "0.310"),
        ("faithfulness (LIME)", "4", "0.5", "3.0", "0.310", "<.001"),
    ]
    assert all(len(row) == len(found.header) for row in found.rows)


def moved(statuses: list[str]):
    """The movement that the section shows, with these statuses of the accuracy at levels 1 to 4."""
    tables = synthetic.cell()
    verdict = tables.verdict.with_columns(
        status=pl.when(pl.col("quantity") == "accuracy")
        .then(pl.col("level").replace_strict(dict(enumerate(statuses, start=1))))
        .otherwise("status")
    )
    numbers = {"p_value": 0.0001, "accuracy_movement": -0.0001, "accuracy_p_value": 0.4}
    rows = [
        {"metric": metric, "method": method, "last_level": level, "steps": level, "movement": level * movement,
         "examples": 300, "clusters": 300, **numbers}
        for metric, method, movement in (
            ("brier", None, 0.0016), ("nll", None, 0.01), ("comprehensiveness_study", "lime", 0.01),
        )
        for level in (1, 2, 3, 4)
    ]  # fmt: skip
    fluctuation = pl.DataFrame(rows, schema=dict(FLUCTUATION.columns))
    tested = made({"accuracy_kept": [], "accuracy_degraded": []})
    cell = replace(tables, verdict=verdict, fluctuation=fluctuation, misalignment=tested)
    return misaligned(cell).moved


def test_movement_is_that_of_the_levels_at_which_the_accuracy_is_kept_without_a_gap():
    shown = moved(["kept", "kept", "undecided", "kept"])
    assert shown.title.endswith("(levels 0 to 2)")
    assert [tuple(cell.text for cell in row) for row in shown.rows] == [
        ("Brier score", "300", "2.00", "<.001", "0.00", "0.400"),
        ("NLL", "300", "n/a", "<.001", "0.00", "0.400"),
        ("comprehensiveness (LIME)", "300", "2.00", "<.001", "0.00", "0.400"),
    ]
    assert all(len(row) == len(shown.header) for row in shown.rows)
    assert moved(["undecided", "kept", "kept", "kept"]) is None


def test_without_a_tested_level_there_is_no_section():
    assert misaligned(synthetic.cell()) is None
