"""Savings and their cost: accuracy, calibration and faithfulness over speed and over the remaining KV cache."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from keepfaith.artifacts.schemas import METHOD
from keepfaith.figures.cell_tables import OWN
from keepfaith.figures.labels import path_names, quantity
from keepfaith.figures.levels import is_joined
from keepfaith.figures.study.efficiency import ratios
from keepfaith.figures.style import canvas, legend, series_strokes
from keepfaith.plugins.study_figure import StudyFigure
from keepfaith.statistics.verdict import shown_operator

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Quality against savings: every point is a level, in the mean over tasks. Upper row: further right decodes "
    "faster; lower row: further left needs less KV cache per token; a horizontal line keeps its quality while it "
    "saves."
)
_DETAIL = (
    "The dense model is at 1. The height is the mean over tasks of accuracy, of ECE, and of faithfulness "
    "(comprehensiveness in a study without segments; over methods as well, controls left out)."
)
_SAVINGS = {
    "speedup": "decoding speed (ratio to dense)",
    "cache": "KV cache per token (ratio to dense)",
}
_HEIGHTS = ("accuracy", "ece")


def _heights(metrics: pl.DataFrame) -> tuple[str, ...]:
    """The metrics of the panels; explanations by faithfulness where the study scores coalitions."""
    known = metrics["metric"].unique().to_list()
    explained = next(
        (name for name in ("segment_faithfulness", "comprehensiveness_study") if name in known),
        None,
    )
    return (*_HEIGHTS, explained) if explained else _HEIGHTS


def means(metrics: pl.DataFrame, metric: str) -> pl.DataFrame:
    """Mean of a metric over tasks (and methods), per model, order and level."""
    rows = metrics.filter(
        pl.col("metric") == metric, pl.col("ranking").is_null() | (pl.col("ranking") == OWN)
    )
    rows = rows.filter(pl.col("role").is_null() | (pl.col("role") == METHOD))
    operator = shown_operator(metrics)
    rows = rows.filter(pl.col("operator").is_null() | (pl.col("operator") == operator))
    return rows.group_by("model", "order", "level").agg(pl.col("value").mean())


def _draw(tables: Mapping[str, pl.DataFrame]) -> "Figure":
    """A row per saving, a panel per quantity, one line per model and order."""
    saved = ratios(tables["efficiency"]).with_columns(speedup=1 / pl.col("decode"))
    heights = _heights(tables["metrics"])
    figure, panels = canvas(len(_SAVINGS), len(heights), size=(3.2 * len(heights), 5.8))
    paths = saved.select("model", "order").unique(maintain_order=True).rows()
    names, strokes = path_names(paths), series_strokes(len(paths))
    for row, (saving, axis) in zip(panels, _SAVINGS.items(), strict=True):
        for panel, metric in zip(row, heights, strict=True):
            found = saved.join(means(tables["metrics"], metric), on=["model", "order", "level"])
            for (model, order), stroke in zip(paths, strokes, strict=True):
                path = found.filter(model=model, order=order).sort("level")
                panel.plot(
                    path[saving].to_list(), path["value"].to_list(), label=names[model, order],
                    **stroke.points(is_joined((model, order))),
                )  # fmt: skip
            panel.set_xlabel(axis)
            panel.set_ylabel(quantity(metric).axis)
    legend(figure, panels[0][0], columns=5)
    return figure


FIGURE = StudyFigure(
    title="Savings and their price",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=80,
    tables=("metrics", "efficiency"),
    draw=_draw,
)
