"""Levels on axes: numbers of dropped layers that lines join, or checkpoints with names that nothing joins."""

from dataclasses import replace

import polars as pl
import pytest

from figures import synthetic
from figures.test_content import verdict_of
from keepfaith.artifacts.schemas import CHECKPOINTS
from keepfaith.figures.axes import MANY_LEVELS
from keepfaith.figures.cell_figures import draw
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.levels import is_joined, level_label, style_of_study
from keepfaith.figures.study_figures import draw_study

NAMES = {0: "dense", 1: "8 bits", 2: "4 bits", 3: "merged", 4: "tuned with a long name"}
TICKS = ["dense", "8 bits", "4 bits", "merged", "tuned with a \u2026"]


def checkpoints() -> pl.DataFrame:
    return synthetic.table(
        [{"level": level, "label": name} for level, name in NAMES.items()], CHECKPOINTS
    )


def made() -> CellTables:
    cell = synthetic.cell(deepest=4)
    return replace(cell, order=cell.order.clear(), checkpoints=checkpoints())


def words(figure: object) -> list[str]:
    return [
        text.get_text()
        for axes in figure.axes  # type: ignore[attr-defined]
        for text in axes.get_xticklabels()
    ]


@pytest.mark.parametrize(
    "name", ["accuracy", "ece", "faithfulness", "change", "verdict", "overlap"]
)
def test_a_cell_of_checkpoints_has_their_names(name: str) -> None:
    figure = draw(name, made())
    found = [text for text in words(figure) if text]
    expected = TICKS[1:] if name == "verdict" else TICKS
    assert [text for text in found if text in TICKS][: len(expected)] == expected
    labels = {axes.get_xlabel() for axes in figure.axes}
    assert "checkpoint (level)" in labels and "layers dropped (level)" not in labels
    ordinary = draw(name, synthetic.cell(deepest=4))
    assert "8 bits" not in words(ordinary)
    assert "layers dropped (level)" in {axes.get_xlabel() for axes in ordinary.axes}


@pytest.mark.parametrize("name", ["accuracy", "faithfulness", "drift"])
def test_nothing_joins_checkpoints(name: str) -> None:
    def joined(tables: CellTables) -> list[int]:
        return [
            len(line.get_xdata())
            for axes in draw(name, tables).axes
            for line in axes.get_lines()
            if line.get_linestyle() != "None" and line.get_marker() not in ("None", None)
        ]

    assert max(joined(synthetic.cell(deepest=4))) >= 4
    assert joined(made()) == []
    assert len(NAMES) < MANY_LEVELS


def test_the_style_ends_with_the_figure() -> None:
    draw("accuracy", made())
    assert is_joined() and level_label() == "layers dropped (level)"


PATHS = frozenset({("m", "made"), ("m", "cosine")})


def test_the_style_of_a_study() -> None:
    summary = synthetic.with_path(checkpoints(), "m", "made")
    assert style_of_study(PATHS, None).unordered == frozenset()
    mixed = style_of_study(PATHS, summary)
    assert mixed.names == {} and mixed.unordered == {("m", "made")}
    alone = style_of_study(frozenset({("m", "made")}), summary)
    assert alone.names == NAMES


def verdicts() -> pl.DataFrame:
    """Kept at levels 1 and 3, degraded at 2 and 4, by both orders."""
    return pl.concat(
        synthetic.with_cell(verdict_of("kdkd"), "m", order, "task") for order in ("cosine", "made")
    )


def test_how_far_marks_each_checkpoint() -> None:
    summary = synthetic.with_path(checkpoints(), "m", "made")
    figure = draw_study("how_far", {"verdict": verdicts(), "checkpoints": summary})
    ordered, each = figure.axes[:2]
    assert [list(line.get_xdata()) for line in each.get_lines() if line.get_marker() == "s"] == [
        [1, 3]
    ]
    assert [list(line.get_xdata()) for line in each.get_lines() if line.get_marker() == "X"] == [
        [2, 4]
    ]
    assert [list(line.get_xdata()) for line in ordered.get_lines() if line.get_marker() == "X"] == [
        [2]
    ]
    assert each.get_xlabel() == "level (layers dropped, or checkpoint)"


def test_orders_compared_leaves_checkpoints_out() -> None:
    summary = synthetic.with_path(checkpoints(), "m", "made")
    with_made = draw_study("orders_compared", {"verdict": verdicts(), "checkpoints": summary})
    assert not [
        text
        for axes in with_made.axes
        for text in axes.get_yticklabels()
        if "made" in text.get_text()
    ]
    both = draw_study("orders_compared", {"verdict": verdicts()})
    assert "made" in [text.get_text() for text in both.axes[0].get_yticklabels()]


def test_a_study_of_one_order_of_checkpoints_has_their_names() -> None:
    summary = synthetic.with_path(checkpoints(), "m", "made")
    tables = {
        "verdict": verdicts().filter(order="made"),
        "checkpoints": summary,
        "efficiency": synthetic.with_path(synthetic.efficiency(range(5)), "m", "made"),
    }
    for name in ("how_far", "efficiency"):
        found = words(draw_study(name, tables))
        assert set(TICKS) <= set(found), name
