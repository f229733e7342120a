"""The change of faithfulness in two parts: worse explanations, and a model that is harder to explain."""

from typing import TYPE_CHECKING

from keepfaith.figures.axes import level_axis, line
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.grid import small_multiples
from keepfaith.figures.labels import method_name, wrapped
from keepfaith.figures.style import BLACK, BLUE, VERMILLION, Stroke, legend, note
from keepfaith.plugins.cell_figure import CellFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Change of faithfulness against the dense model, of the examples whose prediction is the dense model's, in two "
    "parts that add up to it: that of the explanation and that of the judging model. Below 0 is worse; bands are "
    "confidence intervals of the paired change."
)
_DETAIL = (
    "Explanation effect: what is due to the level's explanation, whichever of the two models judges it. Judge effect:"
    " what is due to the level's model as the judge, whichever explanation it judges. The change that other "
    "figures show is of all examples."
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
    figure, panels = small_multiples(
        [wrapped(method_name(method)) for method in methods],
        _COLUMNS,
        "change of faithfulness\n(share of best - chance)",
        each=(2.5, 2.1),
        around=(0.9, 0.8),
    )
    for method, (panel, lowest) in zip(methods, panels, strict=True):
        panel.axhline(0, color=BLACK, linewidth=0.9, linestyle=(0, (5, 3)), zorder=1.5)
        for metric, (stroke, label) in _PARTS.items():
            line(panel, tables.series(metric, method), stroke, label)
        level_axis(panel, [level for level in tables.levels if level > 0], label=lowest)
    legend(figure, panels[0].axes, columns=2)
    return figure


FIGURE = CellFigure(
    title="Worse explanations, or a model that is harder to explain",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=35,
    needs=("metrics", "swap"),
    draw=_draw,
)
