"""One quantity over all tasks: a panel per task, a line per model, order and method."""

from collections.abc import Mapping

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keepfaith.figures.axes import level_axis, line, reference_band
from keepfaith.figures.labels import method_name, quantity
from keepfaith.figures.style import Stroke, canvas, legend, method_strokes, note, series_strokes
from keepfaith.figures.unit import series

COLUMNS = 4


def draw(tables: Mapping[str, pl.DataFrame], metric: str) -> Figure:
    """Small multiples over tasks on equal scales, from table `metrics` of all units."""
    metrics = tables["metrics"].filter(pl.col("metric") == metric)
    tasks = metrics["task"].unique(maintain_order=True).to_list()
    if not tasks:
        return note(f"no {quantity(metric).name} in this study")
    columns = min(COLUMNS, len(tasks))
    count = -(-len(tasks) // columns)
    size = (max(5.2, 1.1 + 2.3 * columns), 0.8 + 2.2 * count)
    figure, grid = canvas(count, columns, size, share_x=True, share_y=True)
    panels = [panel for row in grid for panel in row]
    levels = metrics["level"].unique().sort().to_list()
    for panel in panels[len(tasks) :]:
        panel.set_visible(False)
    for index, (task, panel) in enumerate(zip(tasks, panels, strict=False)):
        _panel(panel, metrics, task)
        panel.set_title(task)
        lowest = index + columns >= len(tasks)
        level_axis(panel, levels, label=lowest)
        panel.tick_params(labelbottom=lowest)
    for row in grid:
        row[0].set_ylabel(quantity(metric).axis)
    legend(figure, panels[0], columns=3)
    return figure


def _panel(panel: Axes, metrics: pl.DataFrame, task: str) -> None:
    strokes = _strokes(metrics)
    for (model, order, method), (stroke, label) in strokes.items():
        unit = metrics.filter(
            pl.col("model") == model, pl.col("order") == order, pl.col("task") == task
        )
        rows = series(unit, str(metrics["metric"][0]), method)
        if len(strokes) == 1:
            reference_band(panel, rows, "chance alone (95 %)")
        line(panel, rows, stroke, label)


def _strokes(metrics: pl.DataFrame) -> dict[tuple[str, str, str | None], tuple[Stroke, str]]:
    """Stroke and legend entry of every line: methods keep their own where there is one model and order."""
    units = metrics.select("model", "order").unique(maintain_order=True).rows()
    found = metrics["method"].drop_nulls().unique().sort().to_list()
    methods = [name for name in found if name not in ("", "random")]
    keys = [(model, order, method) for model, order in units for method in (methods or [None])]
    if len(units) == 1 and methods:
        known = method_strokes(methods)
        return {key: (known[str(key[2])], method_name(key[2])) for key in keys}
    spare = series_strokes(len(keys))
    return {
        key: (stroke, f"{key[0]}, {key[1]}" + (f": {method_name(key[2])}" if key[2] else ""))
        for key, stroke in zip(keys, spare, strict=True)
    }
