"""The change of faithfulness in two parts: worse explanations, and a model that is harder to explain."""

from typing import TYPE_CHECKING

from keepfaith.figures.axes import level_axis, line
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import method_name, wrapped
from keepfaith.figures.style import BLACK, BLUE, VERMILLION, Stroke, canvas, legend, note
from keepfaith.plugins.cell_figure import CellFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Change of faithfulness against the dense model, in two parts that add up to it. Explanation effect: what is due "
    "to the level's explanation, whichever of the two models judges it. Judge effect: what is due to the level's model "
    "as the judge, whichever explanation it judges. Below 0 is worse. Only examples whose prediction is the dense "
    "model's; bands are confidence intervals of the paired change."
)
_PARTS = {
    "explanation_effect": (Stroke(BLUE, "o"), "explanation effect"),
    "judge_effect": (Stroke(VERMILLION, "s"), "judge effect"),
}
_COLUMNS = 3


def _draw(tables: CellTables) -> "Figure":
    """One panel per method on equal scales, with both effects by level."""
    methods = [
        method for method in tables.methods if tables.series("explanation_effect", method).height
    ]
    if not methods:
        return note("no pruned level in this study")
    columns = min(_COLUMNS, len(methods))
    count = -(-len(methods) // columns)
    size = (0.9 + 2.5 * columns, 0.8 + 2.1 * count)
    figure, grid = canvas(count, columns, size, share_x=True, share_y=True)
    panels = [panel for row in grid for panel in row]
    for panel in panels[len(methods) :]:
        panel.set_visible(False)
    for index, (method, panel) in enumerate(zip(methods, panels, strict=False)):
        panel.axhline(0, color=BLACK, linewidth=0.9, linestyle=(0, (5, 3)), zorder=1.5)
        for metric, (stroke, label) in _PARTS.items():
            line(panel, tables.series(metric, method), stroke, label)
        panel.set_title(wrapped(method_name(method)))
        lowest = index + columns >= len(methods)
        level_axis(panel, [level for level in tables.levels if level > 0], label=lowest)
        panel.tick_params(labelbottom=lowest)
    for row in grid:
        row[0].set_ylabel("change of faithfulness\n(share of best - chance)")
    legend(figure, panels[0], columns=2)
    return figure


FIGURE = CellFigure(
    title="Worse explanations, or a model that is harder to explain",
    explanation=_EXPLANATION,
    position=35,
    needs=("metrics", "swap"),
    draw=_draw,
)
