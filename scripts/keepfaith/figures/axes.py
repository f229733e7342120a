"""Elements of every panel over levels: the level axis, a line with its band, the dense line, references."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from keepfaith.figures.labels import Path
from keepfaith.figures.levels import is_joined, level_label, level_names
from keepfaith.figures.published import SOURCE
from keepfaith.figures.style import BLACK, GREEN, GREY, LIGHT_GREY, ORANGE, Stroke

if TYPE_CHECKING:  # Matplotlib is imported inside functions: see `plugins.cell_figure`
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

MANY_LEVELS = 9
MOST_TICKS = 12
"""Most ticks on an axis of levels that are not consecutive; more would overlap."""


def level_axis(panel: "Axes", levels: Sequence[int], label: bool = True) -> None:
    """Ticks from the dense model to the deepest level, whole numbers or names, with margins for the markers."""
    from matplotlib.ticker import FuncFormatter

    first, last = levels[0], levels[-1]
    room = max(0.4, 0.03 * (last - first))
    panel.set_xlim(first - room, last + room)
    level_ticks(panel, levels)
    if not level_names():
        # A single level widens the axis beyond the existing levels; ticks outside them would be wrong.
        panel.xaxis.set_major_formatter(
            FuncFormatter(
                lambda value, _: f"{value:.0f}" if first <= round(value, 6) <= last else ""
            )
        )
    if label:
        panel.set_xlabel(level_label())


def level_ticks(panel: "Axes", levels: Sequence[int], nbins: int = 9) -> None:
    """Ticks at whole numbers; only at the levels of the run if some between them were left out, or have names."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    if names := level_names():
        panel.set_xticks(list(levels), [short_name(names.get(level, level)) for level in levels])
        slanted(panel.xaxis)
    elif list(levels) == list(range(levels[0], levels[-1] + 1)):
        panel.xaxis.set_major_locator(MaxNLocator(nbins=nbins, integer=True, min_n_ticks=1))
    else:
        panel.xaxis.set_major_locator(FixedLocator(_apart(levels)))


def short_name(name: object, letters: int = 14) -> str:
    """A name beside a tick, cut to `letters` letters."""
    text = str(name)
    return text if len(text) <= letters else f"{text[: letters - 1]}\u2026"


def slanted(axis: "Axis") -> None:
    """Turn the names beside ticks, so that they do not overlap."""
    for text in axis.get_ticklabels():
        text.set(rotation=30, ha="right", rotation_mode="anchor")


def _apart(levels: Sequence[int]) -> list[int]:
    """The first and the last level, and those between that are far enough apart."""
    distance = (levels[-1] - levels[0]) / MOST_TICKS
    shown = [levels[0]]
    for level in levels[1:-1]:
        if min(level - shown[-1], levels[-1] - level) >= distance:
            shown.append(level)
    return [*shown, levels[-1]]


def place_ticks(axis: "Axis", levels: Sequence[int], nbins: int) -> None:
    """Ticks of an axis with adjacent levels, also if levels between them were left out."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    if labels := level_names():
        axis.set_ticks(
            range(len(levels)), [short_name(labels.get(level, level)) for level in levels]
        )
        if axis is axis.axes.xaxis:
            slanted(axis)
        return
    names = dict(enumerate(levels))
    axis.set_major_locator(MaxNLocator(nbins=nbins, integer=True, min_n_ticks=1))
    axis.set_major_formatter(FuncFormatter(lambda value, _: str(names.get(round(value, 6), ""))))


def field_values(panel: "Axes", values: np.ndarray, fontsize: str) -> None:
    """Write each known value of a heat map from 0 to 1 into its field, without the leading zero."""
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            panel.text(
                column, row, f"{value:.2f}".replace("0.", ".", 1), ha="center", va="center",
                fontsize=fontsize, color="white" if value > 0.55 else "black",
            )  # fmt: skip


INTERVAL = ("low", "high")
SEEDS = ("seed_low", "seed_high")
"""Columns of METRICS for a band: the interval over examples, or the spread of attribution seeds."""


def line(
    panel: "Axes",
    rows: pl.DataFrame,
    stroke: Stroke,
    label: str,
    *,
    ends: tuple[str, str] = INTERVAL,
    faint: bool = False,
    path: Path | None = None,
) -> None:
    """Value by level with the band between two columns, if both are known; checkpoints are not joined.

    `path`: the model and order of the rows, where the figure has several.
    """
    band = rows.drop_nulls(ends)
    joined = is_joined(path)
    if band.height and not joined:
        panel.vlines(
            band["level"].to_list(), band[ends[0]].to_list(), band[ends[1]].to_list(), color=stroke.colour,
            alpha=0.2 if faint else 0.4,
        )  # fmt: skip
    elif band.height:
        panel.fill_between(
            band["level"].to_list(),
            band[ends[0]].to_list(),
            band[ends[1]].to_list(),
            color=stroke.colour,
            alpha=0.08 if faint else 0.18,
            linewidth=0,
        )
        if band.height == 1:  # a band over one level has no width
            only = band.row(0, named=True)
            panel.vlines(
                only["level"], only[ends[0]], only[ends[1]], color=stroke.colour, alpha=0.4
            )
    known = rows.drop_nulls("value")
    panel.plot(
        known["level"].to_list(),
        known["value"].to_list(),
        color=stroke.colour,
        marker=stroke.marker,
        markersize=5 if known.height <= MANY_LEVELS else 3.5,
        markerfacecolor="white" if faint else stroke.face,
        linestyle=((0, (1, 1.2)) if faint else "-") if joined else "none",
        linewidth=1.1 if faint else 1.6,
        label=label,
    )


def dense_line(panel: "Axes", rows: pl.DataFrame, label: str = "dense model") -> None:
    """A horizontal line at the value of level 0, if there is one."""
    dense = rows.filter(pl.col("level") == 0).drop_nulls("value")
    if dense.height:
        value = float(dense["value"].to_list()[0])
        panel.axhline(
            value, color=BLACK, linewidth=0.9, linestyle=(0, (5, 3)), zorder=1.5, label=label
        )


def chance_line(panel: "Axes", value: float | None, label: str) -> None:
    """A dotted horizontal line at chance."""
    if value is not None:
        panel.axhline(
            value, color=GREY, linewidth=1.1, linestyle=(0, (1, 2)), zorder=1.4, label=label
        )


def ceiling_line(panel: "Axes", value: float, label: str) -> None:
    """A dash-dotted horizontal line at the best value that any model could reach."""
    panel.axhline(value, color=GREEN, linewidth=1.1, linestyle="-.", zorder=1.4, label=label)


def reference_band(panel: "Axes", rows: pl.DataFrame, label: str) -> None:
    """The grey band of `reference_low`..`reference_high`, if both are known; a dotted line where they are equal."""
    known = rows.drop_nulls(["reference_low", "reference_high"])
    if known.height and known["reference_low"].equals(known["reference_high"], check_names=False):
        style = (0, (1, 2))
        levels, values = (known[name].to_list() for name in ("level", "reference_low"))
        if not is_joined():
            ends = [[level + side for level in levels] for side in (-0.3, 0.3)]
            panel.hlines(
                values, ends[0], ends[1], colors=GREY, linewidth=1.1, linestyles=style, label=label
            )
            return
        panel.plot(levels, values, color=GREY, linewidth=1.1, linestyle=style, label=label)
    elif known.height and not is_joined():
        levels, low, high = (
            known[name].to_list() for name in ("level", "reference_low", "reference_high")
        )
        heights = [top - bottom for bottom, top in zip(low, high, strict=True)]
        panel.bar(levels, heights, 0.6, low, color=LIGHT_GREY, alpha=0.75, label=label)
    elif known.height:
        levels, low, high = (
            known[name].to_list() for name in ("level", "reference_low", "reference_high")
        )
        if known.height == 1:
            levels, low, high = [levels[0] - 0.3, levels[0] + 0.3], low * 2, high * 2
        panel.fill_between(
            levels, low, high, color=LIGHT_GREY, alpha=0.75, linewidth=0, label=label
        )


def published_line(
    panel: "Axes",
    published: pl.DataFrame | None,
    column: str,
    deepest: int,
    label: str = SOURCE,
    colour: str = ORANGE,
) -> None:
    """Published values of one column up to the deepest level drawn."""
    if published is None or column not in published.columns:
        return
    rows = published.filter(pl.col("n_dropped") <= deepest).drop_nulls(column)
    if rows.height:
        panel.plot(
            rows["n_dropped"].to_list(),
            rows[column].to_list(),
            color=colour,
            marker="D",
            markersize=4.5 if rows.height <= MANY_LEVELS else 3.5,
            markerfacecolor="white",
            linewidth=1.0,
            label=label,
        )
