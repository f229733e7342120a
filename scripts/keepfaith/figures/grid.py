"""Small multiples: equal panels in rows and columns, with labels at the outer ones alone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from keepfaith.figures.style import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class SmallMultiple(NamedTuple):
    """One of several panels; `lowest`: no other is below it, so that its axis of levels is labelled."""

    axes: "Axes"
    lowest: bool


def small_multiples(
    titles: Sequence[str],
    columns: int,
    label: str,
    *,
    each: tuple[float, float],
    around: tuple[float, float],
    least_width: float = 0.0,
    share_y: bool = True,
) -> "tuple[Figure, list[SmallMultiple]]":
    """A figure with one panel per title, row by row; panels of the last row that are left over are not drawn.

    Args:
        titles: of the panels.
        columns: panels in a row, at most.
        label: of the vertical axis, at the first panel of every row.
        each: width and height of a panel in inches.
        around: inches of the figure's width and height that belong to no panel.
        least_width: of the figure, in inches.
        share_y: whether all panels have one vertical scale.
    """
    columns = max(1, min(columns, len(titles)))
    rows = -(-len(titles) // columns)
    width = max(least_width, around[0] + each[0] * columns)
    size = (width, around[1] + each[1] * rows)
    figure, grid = canvas(rows, columns, size, share_x=True, share_y=share_y)
    places = [axes for row in grid for axes in row]
    for unused in places[len(titles) :]:
        unused.set_visible(False)
    panels = []
    for index, (title, axes) in enumerate(zip(titles, places, strict=False)):
        lowest = index + columns >= len(titles)
        axes.set_title(title)
        axes.tick_params(labelbottom=lowest)
        panels.append(SmallMultiple(axes, lowest))
    for row in grid:
        row[0].set_ylabel(label)
    return figure, panels
