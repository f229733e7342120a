"""How figures show a status of the verdict, and a grid of them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from keepfaith.figures.axes import short_name, slanted
from keepfaith.figures.hover import say
from keepfaith.figures.levels import level_label, level_names
from keepfaith.figures.style import BLACK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STATUS_MARKS = {
    "kept": ("#d6ebf5", "#00517f", "o", "kept"),
    "undecided": ("#f3f3f3", "#6b6b6b", "$?$", "undecided"),
    "harmed": ("#f9efc7", "#7a5c00", "v", "harmed"),
    "degraded": ("#f9dcc9", "#a34700", "X", "degraded"),
}
"""Background, symbol colour, marker and words of each status; told apart by shape as well as by colour."""


def grid_size(rows: int, levels: int, width: float = 3.4) -> tuple[float, float]:
    """Inches of a figure of such a grid; `width`: of its names and margins."""
    return min(10.0, width + 0.42 * max(levels, 5)), 1.15 + 0.3 * rows


def status_grid(
    figure: "Figure", panel: "Axes", names: Sequence[str], statuses: Sequence[Mapping[int, str]]
) -> None:
    """Draw one row per name, one column per level, and the legend.

    Args:
        figure: the figure of `panel`, for the legend.
        panel: an empty panel.
        names: of the rows, from the top.
        statuses: of each row, by level.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    levels = sorted({level for row in statuses for level in row})
    place = {level: column for column, level in enumerate(levels)}
    for row, by_level in enumerate(statuses):
        for level, status in by_level.items():
            background, colour, marker, _ = STATUS_MARKS[status]
            panel.add_patch(
                Rectangle(
                    (place[level] - 0.46, row - 0.44), 0.92, 0.88, color=background, linewidth=0
                )
            )
            (mark,) = panel.plot(
                [place[level]], [row], marker=marker, color=colour, markersize=6, linestyle="none"
            )
            named = level_names().get(level, f"level {level}")
            say(mark, f"{' '.join(names[row].split())} at {named}: {status}")
    panel.set_yticks(range(len(names)), list(names))
    panel.set_ylim(len(names) - 0.4, -0.6)
    shown = levels[:: 1 + len(levels) // 25]
    labels = {level: short_name(name) for level, name in level_names().items()}
    panel.set_xticks(
        [place[level] for level in shown], [labels.get(level, str(level)) for level in shown]
    )
    if labels:
        slanted(panel.xaxis)
    panel.set_xlim(-0.6, len(levels) - 0.4)
    panel.set_xlabel(level_label())
    panel.grid(False)
    panel.tick_params(length=0)
    for spine in panel.spines.values():
        spine.set_visible(False)
    keys = [
        Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=6, label=words)
        for _, colour, marker, words in STATUS_MARKS.values()
    ]
    figure.legend(handles=keys, loc="outside upper left", ncols=4, labelcolor=BLACK)
