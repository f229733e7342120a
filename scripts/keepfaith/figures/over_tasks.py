"""One quantity over all tasks: small multiples on equal scales.

With one pruning path, a panel per task has a line per method. With several, lines are pruning paths, and an
attribution metric has a row per task and a column per method: fifteen lines in one panel are unreadable.
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from keepfaith.artifacts.schemas import METHOD
from keepfaith.figures.axes import INTERVAL, SEEDS, level_axis, line, reference_band
from keepfaith.figures.cell_tables import of_role, series
from keepfaith.figures.grid import small_multiples
from keepfaith.figures.labels import method_name, path_names, quantity
from keepfaith.figures.style import Stroke, legend, method_strokes, note, series_strokes
from keepfaith.plugins.study_figure import StudyFigure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 4

_Series = tuple[str, str, str | None]
"""Model, order and, for an attribution metric, method: one line."""


def over_tasks(
    metric: str, title: str, explanation: str, position: int, protocol: str | None = None
) -> StudyFigure:
    """The figure of one metric over all tasks; `explanation` describes the metric and its bands."""
    shared = " One panel per task on equal scales, by level."
    return StudyFigure(
        title=title,
        explanation=explanation + shared,
        position=position,
        tables=("metrics",),
        draw=partial(_draw, metric=metric),
        protocol=protocol,
    )


def _draw(tables: Mapping[str, pl.DataFrame], metric: str) -> "Figure":
    """Draw `metric` from table `metrics` of all cells."""
    metrics = tables["metrics"].filter(pl.col("metric") == metric)
    if not metrics.height:
        return note(f"no {quantity(metric).label} in this study")
    tasks = metrics["task"].unique(maintain_order=True).to_list()
    paths: list[tuple[str, str]] = (
        metrics.select("model", "order").unique(maintain_order=True).rows()
    )
    methods = of_role(metrics, METHOD)
    contents: list[tuple[str, str, dict[_Series, tuple[Stroke, str]]]]
    if methods and len(paths) > 1:
        contents = [
            (task, f"{task}: {method_name(method)}", _by_path(paths, method))
            for task in tasks
            for method in methods
        ]
        columns = len(methods)
    else:
        one = _by_method(paths[0], methods) if methods else _by_path(paths, None)
        contents = [(task, task, one) for task in tasks]
        columns = min(_COLUMNS, len(tasks))
    figure, panels = small_multiples(
        [title for _, title, _ in contents],
        columns,
        quantity(metric).axis,
        each=(2.3, 2.2),
        around=(1.1, 0.8),
        least_width=5.2,
    )
    levels = metrics["level"].unique().sort().to_list()
    for (task, _, lines), (panel, lowest) in zip(contents, panels, strict=True):
        _panel(panel, metrics.filter(pl.col("task") == task), lines)
        level_axis(panel, levels, label=lowest)
    legend(figure, panels[0].axes, columns=3)
    return figure


def _by_path(paths: list[tuple[str, str]], method: str | None) -> dict[_Series, tuple[Stroke, str]]:
    names, strokes = path_names(paths), series_strokes(len(paths))
    return {
        (*path, method): (stroke, names[path]) for path, stroke in zip(paths, strokes, strict=True)
    }


def _by_method(path: tuple[str, str], methods: list[str]) -> dict[_Series, tuple[Stroke, str]]:
    strokes = method_strokes(methods)
    return {(*path, method): (strokes[method], method_name(method)) for method in methods}


def _panel(panel: "Axes", metrics: pl.DataFrame, lines: dict[_Series, tuple[Stroke, str]]) -> None:
    for (model, order, method), (stroke, label) in lines.items():
        of_path = metrics.filter(pl.col("model") == model, pl.col("order") == order)
        if not of_path.height:
            panel.plot([], [], **stroke.line, label=label)
            continue
        rows = series(of_path, str(metrics["metric"][0]), method)
        if len(lines) == 1 and str(metrics["metric"][0]) == "ece":
            reference_band(panel, rows, "calibrated model (null band)")
        line(
            panel,
            rows,
            stroke,
            label,
            ends=SEEDS if method else INTERVAL,
            path=(model, order),
        )
