"""Savings and their cost: accuracy, calibration and faithfulness over speed and over the remaining KV cache."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from keepfaith.artifacts.schemas import METHOD
from keepfaith.figures.cell_tables import OWN
from keepfaith.figures.labels import path_names, quantity
from keepfaith.figures.levels import is_joined
from keepfaith.figures.literature import beside, retained_accuracy
from keepfaith.figures.study.efficiency import ratios
from keepfaith.figures.style import GREY, canvas, legend, series_strokes
from keepfaith.plugins.study_figure import StudyFigure
from keepfaith.statistics.verdict import shown_operator

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Quality against savings: every point is a level, the plain mean over all tasks. Upper row: further right decodes "
    "faster; lower row: further left needs less KV cache per token; a horizontal line keeps its quality while it "
    "saves."
)
_DETAIL = (
    "The dense model is at 1. The height is the mean over tasks of accuracy, of ECE, and of faithfulness "
    "(comprehensiveness in a study without segments; over methods as well, controls left out)."
)
_LITERATURE = (
    "Open grey diamonds, where there are any, are published results without a similar share of attention layers, on "
    "the same task or as a mean over tasks (arXiv:2406.15786, arXiv:2407.15516, arXiv:2407.16286, arXiv:2606.24970): "
    "the share of the accuracy that they retain, times the accuracy of this study's dense models, over the published "
    "speed or over the share of attention layers left. They are of other models, prompts and machines, and of several "
    "criteria (a random order among them), to be read as orders of magnitude; a table of the report names those "
    "nearest to each eighth of the attention layers."
)
_SAVINGS = {
    "speedup": "decoding speed (ratio to dense)",
    "cache": "KV cache per token (ratio to dense)",
}
_HEIGHTS = ("accuracy", "ece")
_Point = tuple[float, float]


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
    rows = rows.filter(pl.col("operator").is_null() | pl.col("operator").eq_missing(operator))
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
    for row, positions in zip(panels, _published(tables), strict=True):
        if positions:
            row[0].plot(
                *zip(*positions, strict=True), linestyle="none", marker="D", markersize=3.5, markerfacecolor="none",
                color=GREY, alpha=0.8, label="published",
            )  # fmt: skip
    legend(figure, panels[0][0], panels[-1][0], columns=5)
    return figure


def _published(tables: Mapping[str, pl.DataFrame]) -> tuple[list[_Point], list[_Point]]:
    """Places of the published results that match a level, over the speed and over the remaining cache.

    They match the mean over tasks, or the study's one task. All attention layers of a published model have an equal
    share of its KV cache.
    """
    if "literature" not in tables or "order" not in tables:
        return [], []
    own = retained_accuracy(tables["metrics"], tables["order"])
    shown = own.filter(pl.col("task").is_null() == own["task"].has_nulls())
    if shown["task"].n_unique() > 1:
        return [], []
    dense = shown.unique("model", keep="first", maintain_order=True)["dense"].mean()
    matching = (
        beside(shown, tables["literature"])
        .unique(["source", "published_model", "score", "published_share"], maintain_order=True)
        .with_columns(
            height=pl.col("published_retained") * dense, left=1 - pl.col("published_share")
        )
    )
    timed = matching.drop_nulls("speedup").select("speedup", "height").rows()
    return timed, matching.select("left", "height").rows()


FIGURE = StudyFigure(
    title="Savings and their price",
    explanation=_EXPLANATION,
    detail=f"{_DETAIL} {_LITERATURE}",
    position=80,
    tables=("metrics", "efficiency", "order", "literature"),
    draw=_draw,
)
