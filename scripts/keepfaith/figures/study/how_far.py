"""Per task and quantity: the levels shown to be kept, those without degradation, and the first degraded level."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from keepfaith.figures.axes import level_axis
from keepfaith.figures.labels import path_names, quantity_name, wrapped
from keepfaith.figures.levels import is_joined
from keepfaith.figures.reach import Watched, reaches, watched
from keepfaith.figures.style import BLACK, BLUE, SKY, VERMILLION, canvas, note
from keepfaith.plugins.study_figure import StudyFigure
from keepfaith.statistics.verdict import Answer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

_EXPLANATION = (
    "How far each task can be pruned: one panel per model, order and task, one row per judged quantity. Thick bar: "
    "shown to be kept; thin bar: no degradation shown; cross: the first level shown to be degraded."
)
_DETAIL = (
    "A thick bar covers consecutive levels from the dense model. A row without a cross shows no degradation at any "
    "level of the run, which also follows from too few examples. A bar has no information on levels below its end "
    "that were not run. A panel of checkpoints shows each of them on its own: square, shown to be kept; dot, no "
    "degradation shown; cross, shown to be degraded."
)
_COLUMNS = 3


def _draw(tables: Mapping[str, pl.DataFrame]) -> "Figure":
    """Small multiples over cells; rows are quantities, the x axis is the level."""
    verdict = tables["verdict"].filter(pl.col("level") > 0)
    cells = verdict.select("model", "order", "task").unique(maintain_order=True).rows()
    if not cells:
        return note("no verdict: this run has no pruned level")
    paths = {cell[:2]: None for cell in cells}
    path_name = path_names(list(paths))
    names = watched(verdict)
    columns = min(_COLUMNS, len(cells))
    count = -(-len(cells) // columns)
    size = (max(6.6, 2.3 + 2.4 * columns), 0.8 + count * (0.65 + 0.24 * len(names)))
    figure, grid = canvas(count, columns, size, share_x=True, share_y=True)
    panels = [panel for row in grid for panel in row]
    levels = [0, *verdict["level"].unique().sort().to_list()]
    for panel in panels[len(cells) :]:
        panel.set_visible(False)
    for index, (cell, panel) in enumerate(zip(cells, panels, strict=False)):
        rows = verdict.filter(
            pl.col("model") == cell[0], pl.col("order") == cell[1], pl.col("task") == cell[2]
        )
        _panel(panel, rows, names, is_joined(cell[:2]))
        title = [wrapped(cell[2]), wrapped(path_name[cell[:2]])]
        panel.set_title("\n".join(title if len(paths) > 1 else title[:1]))
        lowest = index + columns >= len(cells)
        level_axis(panel, levels, label=lowest)
        panel.tick_params(labelbottom=lowest)
    panels[0].set_yticks(range(len(names)), [quantity_name(*name) for name in names])
    panels[0].set_ylim(len(names) - 0.4, -0.6)
    kinds = {is_joined(path) for path in paths}
    keys = [
        *(reach_keys() if True in kinds else []),
        *(_keys_of_checkpoints() if False in kinds else []),
    ]
    figure.legend(handles=keys, loc="outside upper left", ncols=3)
    return figure


def _panel(panel: "Axes", verdict: pl.DataFrame, names: list[Watched], joined: bool) -> None:
    for name, reach in reaches(verdict).items():
        row = names.index(name)
        if not joined:
            _each_level(panel, row, reach)
            continue
        reach_bars(panel, row, reach.safe, reach.clear)
        panel.plot([0], [row], marker="|", color=BLACK, markersize=8)
        if reach.breaks_at is not None:
            panel.plot([reach.breaks_at], [row], marker="X", color=VERMILLION, markersize=6.5)
    rows_without_axis(panel)


def _each_level(panel: "Axes", row: int, reach: Answer) -> None:
    """Every checkpoint on its own: a square where it is kept, a dot where it is not degraded, a cross where it is."""
    kept, degraded = (list(levels) for levels in (reach.kept_at, reach.degraded_at))
    clear = [level for level in reach.levels if level not in degraded]
    panel.plot([0], [row], marker="|", color=BLACK, markersize=8)
    panel.plot(clear, [row] * len(clear), "o", color=SKY, markersize=4)
    panel.plot(kept, [row] * len(kept), "s", color=BLUE, markersize=6.5)
    panel.plot(degraded, [row] * len(degraded), "X", color=VERMILLION, markersize=6.5)


def reach_bars(panel: "Axes", row: int, kept: float, clear: float) -> None:
    """From the dense model: thick up to level `kept`, thin up to level `clear`."""
    panel.plot([0, clear], [row, row], color=SKY, linewidth=2, solid_capstyle="butt")
    panel.plot([0, kept], [row, row], color=BLUE, linewidth=7, solid_capstyle="butt")


def rows_without_axis(panel: "Axes") -> None:
    """Names of rows on the left, without an axis line."""
    panel.grid(False, axis="y")
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)


def _keys_of_checkpoints() -> "list[Line2D | Patch]":
    """Legend of `_each_level`."""
    from matplotlib.lines import Line2D

    looks = (
        ("s", BLUE, 6.5, "checkpoint shown to be kept"),
        ("o", SKY, 4.0, "checkpoint without degradation shown"),
        ("X", VERMILLION, 6.5, "checkpoint shown to be degraded"),
    )
    return [
        Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=size, label=label)
        for marker, colour, size, label in looks
    ]


def reach_keys() -> "list[Line2D | Patch]":
    """Legend of kept, clear and first degraded."""
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=BLUE, linewidth=7, solid_capstyle="butt", label="shown to be kept"),
        Line2D([], [], color=SKY, linewidth=2, solid_capstyle="butt", label="no degradation shown"),
        Line2D(
            [],
            [],
            linestyle="none",
            marker="X",
            color=VERMILLION,
            markersize=6.5,
            label="first degraded",
        ),
    ]


FIGURE = StudyFigure(
    title="How far each task can be pruned",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=10,
    tables=("verdict",),
    draw=_draw,
)
