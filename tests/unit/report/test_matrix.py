"""The verdict at one glance: every cell is the worst status of its own rows, and says which quantities have it."""

import polars as pl

from keepfaith.artifacts.schemas import POOLED, VERDICT
from keepfaith.report.matrix import MEAN, matrices_by_concern, verdict_matrix

ROWS = [
    ("a", "cosine", "x", 1, "accuracy", None, "kept"),
    ("a", "cosine", "x", 1, "ece", None, "undecided"),
    ("a", "cosine", "x", 3, "accuracy", None, "harmed"),
    ("a", "cosine", "x", 3, "faithfulness", "lime", "degraded"),
    ("a", "cosine", "y", 1, "accuracy", None, "kept"),
    ("b", "random", "x", 2, "accuracy", None, "kept"),
]
TARGETS = {("a", "cosine", "x"): "ax", ("a", "cosine", "y"): "ay", ("b", "random", "x"): "bx"}


def frame(
    rows: list[dict[str, object]], columns: dict[str, pl.DataType | type[pl.DataType]]
) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=columns), pl.DataFrame(rows)], how="diagonal_relaxed")


def verdicts() -> pl.DataFrame:
    names = ("model", "order", "task", "level", "quantity", "method", "status")
    rows = [dict(zip(names, row, strict=True)) for row in ROWS]
    table = frame(rows, dict(VERDICT.columns))
    return table.select("model", "order", "task", pl.exclude("model", "order", "task"))


def pooled() -> dict[str, pl.DataFrame]:
    rows = [
        {"level": 1, "quantity": "accuracy", "status": "kept", "left_out": None},
        {"level": 1, "quantity": "accuracy", "status": "degraded", "left_out": "y"},
        {"level": 3, "quantity": "ece", "status": "harmed", "left_out": None},
    ]
    return {
        "a/cosine": frame(rows, dict(POOLED.columns)),
        "b/random": pl.DataFrame(schema=dict(POOLED.columns)),
    }


def test_a_cell_has_the_worst_status_of_its_quantities() -> None:
    matrix = verdict_matrix(verdicts(), pooled(), TARGETS, {})
    assert matrix.levels == (1, 2, 3)
    found = {
        (model, row.name): [cell and cell.status for cell in row.cells]
        for model, _, rows in matrix.groups
        for row in rows
    }
    assert found == {
        ("a", MEAN): ["kept", None, "harmed"],  # rows with a task left out do not count
        ("a", "x"): ["undecided", None, "degraded"],
        ("a", "y"): ["kept", None, None],
        ("b", "x"): [None, "kept", None],
    }


def test_a_cell_names_its_quantities_worst_first() -> None:
    _, x, y = verdict_matrix(verdicts(), pooled(), TARGETS, {}).groups[0][2]
    assert x.cells[2] and x.cells[2].words == "degraded: faithfulness (LIME); harmed: accuracy"
    assert (x.target, y.target) == ("ax", "ay")


def test_what_the_dense_model_cannot_lose_is_said() -> None:
    table = verdicts().with_columns(margin=pl.lit(0.02), advantage=pl.lit(0.01))
    x = verdict_matrix(table, pooled(), TARGETS, {}).groups[0][2][1]
    assert x.cells[0] and x.cells[0].words == "undecided: ECE (too little to lose); kept: accuracy"


def test_questions_apart_hold_only_their_quantities() -> None:
    apart = dict(matrices_by_concern(verdicts(), pooled(), TARGETS, {}))
    assert list(apart) == ["accuracy", "calibration", "faithfulness"]
    words = {
        concern: [
            cell.words for *_, rows in matrix.groups for row in rows for cell in row.cells if cell
        ]
        for concern, matrix in apart.items()
    }
    assert words["calibration"] == ["undecided: ECE"] or words["calibration"] == [
        "harmed: ECE",
        "undecided: ECE",
    ]
    assert words["faithfulness"] == ["degraded: faithfulness (LIME)"]
    assert sum(len(matrix.levels) for matrix in apart.values()) == 5


def test_a_checkpoint_is_called_by_its_name() -> None:
    labels = {"a/cosine": {1: "8 bits", 3: "4 bits"}}
    groups = verdict_matrix(verdicts(), pooled(), TARGETS, labels).groups
    assert [cell.words for cell in groups[0][2][2].cells if cell] == ["8 bits; kept: accuracy"]
    assert [cell.words for cell in groups[1][2][0].cells if cell] == ["kept: accuracy"]
