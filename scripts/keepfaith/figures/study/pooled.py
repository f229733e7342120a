"""Harm in the mean over tasks, in margins: one panel per quantity, one row per pruning path."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from keepfaith.figures.axes import level_axis
from keepfaith.figures.hover import say
from keepfaith.figures.labels import method_name, path_names, quantity_name, wrapped
from keepfaith.figures.levels import is_joined
from keepfaith.figures.reach import of_quantity
from keepfaith.figures.statuses import STATUS_MARKS
from keepfaith.figures.style import BLACK, GREY, canvas, method_strokes, note
from keepfaith.plugins.study_figure import StudyFigure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Harm against the dense model in the mean over tasks, in margins, with confidence intervals. 0 (solid line) is "
    "the dense model, 1 (dashed line) the margin, and above it is worse."
)
_DETAIL = (
    "Tasks are independent samples; the interval of ECE does not shrink with the number of tasks, as its bias does "
    "not. Kept (non-inferior): the bar ends within the margin. Degraded (inferior): it lies beyond the margin, after "
    "Holm's correction over the levels. Harmed (worse than dense): it lies beyond 0. Undecided (inconclusive): "
    "neither. A level without a symbol has no mean. Attribution methods stand side by side, on lines of different "
    "colours. The scale is linear up to 2 margins and logarithmic beyond. A mean can hide a broken task: the answer "
    "names the worst."
)
_TICKS = (-100, -10, -2, -1, 0, 1, 2, 5, 10, 20, 50, 100)
_LINEAR = 2.0
_APART, _WIDEST = 0.22, 0.7
"""Distance between the methods of a level, and most of it between the first and the last, in levels."""


def _draw(tables: Mapping[str, pl.DataFrame]) -> "Figure":
    """Rows: models and orders; columns: quantities."""
    pooled = tables["pooled"].filter(pl.col("left_out").is_null())
    if pooled.drop_nulls("harm").is_empty():
        return note("No mean over tasks: the study has one task, or no pruned level.")
    paths = pooled.select("model", "order").unique(maintain_order=True).rows()
    names = path_names(paths)
    quantities = pooled["quantity"].unique(maintain_order=True).to_list()
    levels = [0, *pooled["level"].unique().sort().to_list()]
    width = 2.1 if pooled["method"].n_unique() < 5 else 2.8
    size = (max(5.2, 1.0 + width * len(quantities)), 1.3 + 1.75 * len(paths))
    figure, grid = canvas(len(paths), len(quantities), size, share_x=True, share_y=True)
    for path, row in zip(paths, grid, strict=True):
        of_path = pooled.filter(pl.col("model") == path[0], pl.col("order") == path[1])
        for name, panel in zip(quantities, row, strict=True):
            _panel(panel, of_path.filter(pl.col("quantity") == name), is_joined(path))
            level_axis(panel, levels, label=row is grid[-1])
            if row is grid[0]:
                panel.set_title(wrapped(quantity_name(name), 20))
        label = "mean harm (margins)"
        row[0].set_ylabel(f"{wrapped(names[path], 20)}\n{label}" if len(paths) > 1 else label)
    _scale(grid[0][0])
    _legend(figure, pooled["method"].drop_nulls().unique().sort().to_list())
    return figure


def _panel(panel: "Axes", pooled: pl.DataFrame, joined: bool) -> None:
    """One quantity of one pruning path, a line per method; checkpoints are not joined."""
    panel.axhline(0, color=BLACK, linewidth=0.9, zorder=1.2)
    panel.axhline(1, color=BLACK, linewidth=0.9, linestyle=(0, (5, 3)), zorder=1.2)
    methods = pooled["method"].unique().sort().to_list()
    strokes = method_strokes([method for method in methods if method])
    apart = min(_APART, _WIDEST / max(len(methods) - 1, 1))
    for place, method in enumerate(methods):
        shift = apart * (place - (len(methods) - 1) / 2)
        colour = strokes[method].colour if method else GREY
        name = pooled["quantity"].to_list()[0]
        rows = of_quantity(pooled, name, method).drop_nulls("harm").sort("level")
        margin = pl.col("margin")
        scaled = rows.select(
            pl.col("level") + shift,
            pl.col("harm") / margin,
            pl.col("harm_low") / margin,
            pl.col("harm_high") / margin,
            "status",
        )
        x, y, low, high, _ = (column.to_list() for column in scaled)
        if joined:
            panel.plot(x, y, color=colour, linewidth=1.0, alpha=0.6, zorder=1.5)
        panel.vlines(x, low, high, color=colour, linewidth=1.4, zorder=1.6)
        for level, (shifted, harm, _, _, status) in zip(
            rows["level"], scaled.iter_rows(), strict=True
        ):
            background, symbol, marker, _ = STATUS_MARKS[status]
            words = f"{quantity_name(name, method)} at level {level}: {harm:.2f} margins, {status}"
            # All discs are below all symbols.
            for form, look, size, order in (
                ("o", background, 7.5, 2.5),
                (marker, symbol, 4.5, 2.6),
            ):
                (mark,) = panel.plot(
                    [shifted], [harm], marker=form, color=look, markersize=size, zorder=order
                )
                say(mark, words)


def _scale(panel: "Axes") -> None:
    """Linear around the margin, logarithmic beyond; axes are shared."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = panel.get_ylim()
    panel.set_yscale("symlog", linthresh=_LINEAR)
    panel.set_ylim(min(low, -0.5), max(high, 1.5))
    panel.yaxis.set_major_locator(FixedLocator(_TICKS))
    panel.yaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _legend(figure: "Figure", methods: list[str]) -> None:
    from matplotlib.lines import Line2D

    keys = [
        Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=6, label=words)
        for _, colour, marker, words in STATUS_MARKS.values()
    ]
    keys += [
        Line2D([], [], color=stroke.colour, linewidth=1.4, label=method_name(method))
        for method, stroke in method_strokes(methods).items()
        if method in methods
    ]
    columns = 4 if figure.get_figwidth() < 7 else 7
    figure.legend(handles=keys, loc="outside upper left", ncols=min(columns, len(keys)))


FIGURE = StudyFigure(
    title="Harm in the mean over tasks",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=8,
    tables=("pooled",),
    draw=_draw,
    fewest_tasks=2,
)
