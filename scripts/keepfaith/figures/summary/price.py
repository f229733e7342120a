"""Savings against what they cost: accuracy, calibration and faithfulness over the KV cache that is left."""

from collections.abc import Mapping

import polars as pl
from matplotlib.figure import Figure

from keepfaith.figures.labels import quantity
from keepfaith.figures.style import canvas, legend, series_strokes
from keepfaith.figures.summary.efficiency import ratios
from keepfaith.figures.unit import OWN, shown_operator

TITLE = "Savings and their price"
EXPLANATION = (
    "Every point is a level, the dense model stands at 1. From left to right decoding gets faster; the height is the "
    "mean over tasks of accuracy, of ECE, and of comprehensiveness (over methods as well, random scores left out). A "
    "path that runs level keeps its quality while it gets faster."
)
METRICS = ("accuracy", "ece", "comprehensiveness_study")


def means(metrics: pl.DataFrame, metric: str) -> pl.DataFrame:
    """Mean of a metric over tasks (and methods), per model, order and level."""
    rows = metrics.filter(
        pl.col("metric") == metric, pl.col("ranking").is_null() | (pl.col("ranking") == OWN)
    )
    rows = rows.filter(pl.col("method").is_null() | (pl.col("method") != "random"))
    operator = shown_operator(metrics)
    rows = rows.filter(pl.col("operator").is_null() | (pl.col("operator") == operator))
    return rows.group_by("model", "order", "level").agg(pl.col("value").mean())


def draw(tables: Mapping[str, pl.DataFrame]) -> Figure:
    """One panel per quantity, one path per model and order."""
    speed = ratios(tables["efficiency"]).with_columns(speedup=1 / pl.col("decode"))
    figure, panels = canvas(rows=1, columns=len(METRICS), size=(9.6, 3.2))
    groups = speed.select("model", "order").unique(maintain_order=True).rows()
    strokes = series_strokes(len(groups))
    for panel, metric in zip(panels[0], METRICS, strict=True):
        found = speed.join(means(tables["metrics"], metric), on=["model", "order", "level"])
        for (model, order), stroke in zip(groups, strokes, strict=True):
            rows = found.filter(model=model, order=order).sort("level")
            panel.plot(
                rows["speedup"].to_list(), rows["value"].to_list(), color=stroke.colour,
                marker=stroke.marker, label=f"{model}, {order}",
            )  # fmt: skip
        panel.set_xlabel("decoding speed (ratio to dense)")
        panel.set_ylabel(quantity(metric).axis)
    legend(figure, panels[0][0], columns=3)
    return figure
