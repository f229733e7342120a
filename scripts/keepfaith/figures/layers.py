"""Layer scores of the order: which attention layers go first, and how clear the choice was."""

import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from keepfaith.figures.style import GREY, VERMILLION, canvas, legend
from keepfaith.figures.unit import UnitTables

TITLE = "Layer scores"
EXPLANATION = (
    "Score of every attention layer under the criterion. Filled markers are layers that some level of this run drops; "
    "the number beside a marker is the level at which the layer goes. Close scores mean that the order could "
    "easily have been another one."
)


def draw(tables: UnitTables) -> Figure:
    """One marker per layer with its position in the order."""
    order = tables.order.sort("layer")
    width = min(9.0, max(5.2, 1.6 + 0.26 * order.height))
    figure, ((panel,),) = canvas(size=(width, 3.3))
    kept = order.filter(pl.col("position") > tables.deepest)
    dropped = order.filter(pl.col("position") <= tables.deepest)
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
    panel.plot(
        kept["layer"].to_list(), kept["score"].to_list(), linestyle="none", marker="o", color=GREY,
        markerfacecolor="white", markersize=6.5, label="kept at every level",
    )  # fmt: skip
    panel.plot(
        dropped["layer"].to_list(), dropped["score"].to_list(), linestyle="none", marker="o",
        color=VERMILLION, markersize=6.5, label="dropped (number: from this level on)",
    )  # fmt: skip
    for row in dropped.iter_rows(named=True):
        panel.annotate(
            str(row["position"]), (row["layer"], row["score"]), xytext=(0, 6), textcoords="offset points",
            ha="center", fontsize=8,
        )  # fmt: skip
    panel.grid(False, axis="x")
    panel.xaxis.set_major_locator(MaxNLocator(nbins=18, integer=True))
    panel.set_xlim(-0.7, order["layer"].to_list()[-1] + 0.7)
    panel.set_xlabel("attention layer (index, 0 = first)")
    panel.set_ylabel("criterion score\n(as its order defines it)")
    legend(figure, panel, columns=2)
    return figure


def caption(tables: UnitTables) -> str:
    """The explanation with the order itself."""
    layers = tables.order.sort("position")["layer"].to_list()[: tables.deepest]
    listed = ", ".join(str(layer) for layer in layers)
    return EXPLANATION + (f" Dropped in this order: {listed}." if listed else "")
