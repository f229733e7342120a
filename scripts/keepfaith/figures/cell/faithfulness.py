"""Every quantity of explanations against level, above each other with accuracy on the same level axis.

The study puts accuracy on a second y axis. Two scales on one panel make crossing points and relative heights
arbitrary, so here the panels are stacked and share the level axis.
"""

from typing import TYPE_CHECKING

from keepfaith.figures.axes import (
    SEEDS,
    chance_line,
    level_axis,
    line,
    published_line,
    reference_band,
)
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import control_name, method_name, operator_name, quantity
from keepfaith.figures.style import (
    BLACK,
    Stroke,
    canvas,
    control_strokes,
    legend,
    method_strokes,
    note,
)
from keepfaith.plugins.cell_figure import CellFigure
from keepfaith.plugins.quantity import Quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Quantities of explanations by level, under the accuracy. Faithfulness is 1 for the best order of segments there "
    "is and 0 by chance; higher is better in all panels but sufficiency."
)
_DETAIL = (
    "Panels are stacked because the scale of a second axis would suggest agreement. Raw comprehensiveness and "
    "sufficiency: probability lost while the top segments are removed (higher is better), or alone kept (lower is "
    "better); both follow chance (grey), the mean over all orders of the segments. Coloured bands: intervals over "
    "examples for faithfulness, else one standard deviation over attribution seeds (the choice of examples adds to it: "
    "see the relative change). Grey: chance, or controls, which have no information about the model."
)


def _draw(tables: CellTables) -> "Figure":
    """Stacked panels: accuracy, and every quantity of explanations that has values."""
    if not tables.methods:
        return note("no attribution method in this study")
    shown = tables.quantities(explained=True)
    size = (5.6, 2.3 + 1.8 * len(shown))
    figure, rows = canvas(1 + len(shown), 1, size, share_x=True)
    panels = [row[0] for row in rows]
    accuracy = tables.series("accuracy")
    line(panels[0], accuracy, Stroke(BLACK, "o"), "accuracy")
    chance_line(panels[0], tables.guessing(), "guessing")
    panels[0].set_ylabel(quantity("accuracy").axis)
    for panel, (name, each) in zip(panels[1:], shown.items(), strict=True):
        _methods(panel, tables, name, each)
        panel.set_ylabel(each.axis)
    for panel in panels:
        level_axis(panel, tables.levels, label=panel is panels[-1])
    figure.align_ylabels(panels)
    legend(figure, *panels[1:], columns=3)
    return figure


def _methods(panel: "Axes", tables: CellTables, name: str, of: Quantity) -> None:
    metric = of.metric
    ends = (of.beside.low, of.beside.high) if of.beside and of.beside.of_value else SEEDS
    strokes = method_strokes(tables.methods)
    grey = control_strokes(tables.controls)
    controls = {control: tables.series(metric, control) for control in tables.controls}
    for control, rows in controls.items():
        if rows.height:
            line(panel, rows, grey[control], control_name(control), ends=SEEDS, faint=True)
    if not any(rows.height for rows in controls.values()):
        reference_band(panel, tables.series(metric, tables.methods[0]), "chance")
    for method in tables.methods:
        rows = tables.series(metric, method)
        if rows.is_empty():
            continue
        line(panel, rows, strokes[method], method_name(method), ends=ends)
        label = f"{method_name(method)}, published"
        if tables.published is not None and f"{name}_{method}" in tables.published.columns:
            published_line(
                panel,
                tables.published,
                f"{name}_{method}",
                tables.deepest,
                label,
                strokes[method].colour,
            )


def _caption(tables: CellTables) -> str:
    """The explanation with operator and number of examples."""
    if not tables.methods:
        return "This study runs no attribution method, so there are no faithfulness values."
    count = tables.counted("segment_faithfulness", tables.methods[0]) or tables.counted(
        "comprehensiveness_study", tables.methods[0]
    )
    operator = f" Operator: {operator_name(tables.operator)}." if tables.operator else ""
    return _EXPLANATION + operator + (f" Faithfulness: {count}." if count else "")


FIGURE = CellFigure(
    title="Explanation faithfulness",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=30,
    main=True,
    needs=("metrics", "overlap"),
    draw=_draw,
    caption=_caption,
)
