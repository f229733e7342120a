"""Criterion scores of the order: the components that are dropped first, and the gaps between scores."""

from typing import TYPE_CHECKING

import polars as pl

from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import component_name
from keepfaith.figures.style import GREY, VERMILLION, canvas, legend
from keepfaith.plugins.cell_figure import CellFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Criterion score of every component that the order ranks; the number beside a filled marker is the level at which"
    " it is dropped. Close scores mean that the order could easily have been different."
)
_DETAIL = "Hollow markers are dropped by no level of this run."
_MARKERS = {"attention": "o", "mlp": "s", "block": "D"}


def _draw(tables: CellTables) -> "Figure":
    """One marker per ranked component, with its position in the order."""
    from matplotlib.ticker import MaxNLocator

    order = tables.order.sort("layer", "component")
    width = min(9.0, max(5.2, 1.6 + 0.26 * order["layer"].n_unique()))
    figure, ((panel,),) = canvas(size=(width, 3.3))
    dropped = pl.col("position") <= tables.deepest
    lowest, highest = float(order["score"].to_numpy().min()), float(order["score"].to_numpy().max())
    room = (highest - lowest) * 0.12 or max(abs(highest), 1.0) * 0.05
    panel.set_ylim(lowest - room, highest + 1.6 * room)
    panel.vlines(
        order["layer"].to_list(),
        lowest - room,
        order["score"].to_list(),
        color="#e2e2e2",
        linewidth=2.2,
    )
    for (component,), some in order.group_by("component", maintain_order=True):
        name = f"{component_name(str(component))}: " if order["component"].n_unique() > 1 else ""
        for rows, label, colour, fill in (
            (some.filter(~dropped), "kept at every level", GREY, "white"),
            (some.filter(dropped), "dropped (number: from this level on)", VERMILLION, VERMILLION),
        ):
            panel.plot(
                rows["layer"].to_list(), rows["score"].to_list(), linestyle="none", color=colour,
                marker=_MARKERS.get(str(component), "o"), markerfacecolor=fill, markersize=6.5,
                label=name + label,
            )  # fmt: skip
    for row in order.filter(dropped).iter_rows(named=True):
        panel.annotate(
            str(goes_at(tables, row["position"])), (row["layer"], row["score"]), xytext=(0, 6),
            textcoords="offset points", ha="center", fontsize="small",
        )  # fmt: skip
    panel.grid(False, axis="x")
    panel.xaxis.set_major_locator(MaxNLocator(nbins=18, integer=True))
    panel.set_xlim(-0.7, order["layer"].to_list()[-1] + 0.7)
    panel.set_xlabel("layer (index, 0 = first)")
    panel.set_ylabel("criterion score\n(as its order defines it)")
    legend(figure, panel, columns=2)
    return figure


def goes_at(tables: CellTables, position: int) -> int:
    """The first level of the run that drops the component at a position of the order."""
    return next(level for level in tables.levels if level >= position)


def _caption(tables: CellTables) -> str:
    """The explanation with the order, and with levels if one drops several layers at once."""
    steps = {level: ", ".join(names) for level, names in tables.dropped().items() if names}
    if list(steps) == list(range(1, tables.deepest + 1)):
        listed = ", ".join(steps.values())
    else:
        listed = "; ".join(f"{names} (level {level})" for level, names in steps.items())
    return _EXPLANATION + (f" Dropped in this order: {listed}." if listed else "")


FIGURE = CellFigure(
    title="Layer scores",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=110,
    needs=("order",),
    draw=_draw,
    caption=_caption,
)
