"""The verdict strip: kept, undecided, harmed or degraded, per judged quantity and level, in symbols and colours."""

from typing import TYPE_CHECKING

import polars as pl

from keepfaith.figures.axes import short_name, slanted
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import quantity_name
from keepfaith.figures.levels import level_label, level_names
from keepfaith.figures.reach import of_quantity, watched
from keepfaith.figures.statuses import STATUS_MARKS
from keepfaith.figures.style import BLACK, canvas, note
from keepfaith.plugins.cell_figure import CellFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Status of every judged quantity at every level, against the dense model on the same examples. Undecided says "
    "nothing about the model: there are too few examples."
)
_DETAIL = (
    "Kept (non-inferior): the loss is shown to stay within the margin. Degraded (inferior): the loss is shown to "
    "exceed the margin. Harmed (worse than dense): a loss is shown, which may lie on either side of the margin. "
    "Undecided (inconclusive): nothing is shown with this many examples."
)


def _draw(tables: CellTables) -> "Figure":
    """Rows: quantities; columns: pruned levels."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    verdict = tables.verdict.filter(pl.col("level") > 0)
    if not verdict.height:
        return note("no verdict: this run has no pruned level")
    rows = watched(verdict)
    levels = verdict["level"].unique().sort().to_list()
    size = (min(10.0, 3.4 + 0.42 * max(len(levels), 5)), 1.15 + 0.3 * len(rows))
    figure, ((panel,),) = canvas(size=size)
    place = {level: column for column, level in enumerate(levels)}
    for row, (name, method) in enumerate(rows):
        matching = of_quantity(verdict, name, method)
        for level, status in matching.select("level", "status").iter_rows():
            background, colour, marker, _ = STATUS_MARKS[status]
            panel.add_patch(
                Rectangle(
                    (place[level] - 0.46, row - 0.44), 0.92, 0.88, color=background, linewidth=0
                )
            )
            panel.plot(
                [place[level]], [row], marker=marker, color=colour, markersize=6, linestyle="none"
            )
    panel.set_yticks(range(len(rows)), [quantity_name(name, method) for name, method in rows])
    panel.set_ylim(len(rows) - 0.4, -0.6)
    shown = levels[:: 1 + len(levels) // 25]
    names = {level: short_name(name) for level, name in level_names().items()}
    panel.set_xticks(
        [place[level] for level in shown], [names.get(level, str(level)) for level in shown]
    )
    if names:
        slanted(panel.xaxis)
    panel.set_xlim(-0.6, len(levels) - 0.4)
    panel.set_xlabel(level_label())
    panel.grid(False)
    panel.tick_params(length=0)
    for spine in panel.spines.values():
        spine.set_visible(False)
    panel.set_ylabel("judged quantity", labelpad=10)
    keys = [
        Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=6, label=words)
        for _, colour, marker, words in STATUS_MARKS.values()
    ]
    figure.legend(handles=keys, loc="outside upper left", ncols=4, labelcolor=BLACK)
    return figure


def _caption(tables: CellTables) -> str:
    """The explanation with the margins."""
    margins = tables.verdict.select("quantity", "margin").unique(maintain_order=True).rows()
    listed = ", ".join(f"{quantity_name(name)} {margin:g}" for name, margin in margins)
    return _EXPLANATION + (f" Margins: {listed}." if listed else "")


FIGURE = CellFigure(
    title="Verdict",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=10,
    main=True,
    needs=("verdict",),
    draw=_draw,
    caption=_caption,
)
