"""All figures over the whole study by name; a new one is a line here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl
from matplotlib.figure import Figure

from keepfaith.figures.style import FORMATS, applied, save
from keepfaith.figures.summary import (
    efficiency,
    how_far,
    orders_compared,
    over_tasks,
    price,
    stability,
)

Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class SummaryFigure:
    """Title, how to read it, and how to draw it from the tables of all units (model, order, task in front)."""

    title: str
    explanation: str
    draw: Callable[[Tables], Figure]


def _over_tasks(metric: str, title: str, explanation: str) -> SummaryFigure:
    shared = " One panel per task on equal scales, by number of layers dropped."
    return SummaryFigure(title, explanation + shared, partial(over_tasks.draw, metric=metric))


SUMMARY_REGISTRY: dict[str, SummaryFigure] = {
    "how_far": SummaryFigure(how_far.TITLE, how_far.EXPLANATION, how_far.draw),
    "orders_compared": SummaryFigure(
        orders_compared.TITLE, orders_compared.EXPLANATION, orders_compared.draw
    ),
    "accuracy_over_tasks": _over_tasks(
        "accuracy",
        "Accuracy over tasks",
        "Share of examples whose most probable option is the label; bands are confidence intervals.",
    ),
    "ece_over_tasks": _over_tasks(
        "ece",
        "Calibration error over tasks",
        "Expected calibration error; coloured bands are confidence intervals, a grey band (where a single path is "
        "shown) is what a perfectly calibrated model would score.",
    ),
    "comprehensiveness_over_tasks": _over_tasks(
        "comprehensiveness_study",
        "Comprehensiveness over tasks",
        "Probability lost when the top-ranked tokens are removed, as the study aggregates it (higher is better); "
        "bands: one standard deviation over attribution seeds.",
    ),
    "sufficiency_over_tasks": _over_tasks(
        "sufficiency_study",
        "Sufficiency over tasks",
        "Probability lost when only the top-ranked tokens are kept, as the study aggregates it (lower is better); "
        "bands: one standard deviation over attribution seeds.",
    ),
    "efficiency": SummaryFigure(efficiency.TITLE, efficiency.EXPLANATION, efficiency.draw),
    "price": SummaryFigure(price.TITLE, price.EXPLANATION, price.draw),
    "stability": SummaryFigure(stability.TITLE, stability.EXPLANATION, stability.draw),
}
SUMMARY_FIGURES = tuple(SUMMARY_REGISTRY)


def draw_summary(name: str, tables: Tables) -> Figure:
    """Draw one figure over the study in the common style."""
    with applied():
        return SUMMARY_REGISTRY[name].draw(tables)


def draw_all_summary(tables: Tables, folder: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Draw every figure over the study into `folder` as `<name>.<format>`.

    Args:
        tables: summary tables by name, each with model, order and, where it has one, task in front; needs
            `metrics`, `verdict` and `efficiency`, and takes `stability` where it was measured.
        folder: made if missing.
        formats: of svg, pdf and png.

    Returns:
        The files written.
    """
    paths = []
    for name in SUMMARY_FIGURES:
        with applied():
            paths += save(SUMMARY_REGISTRY[name].draw(tables), folder, name, formats)
    return paths
