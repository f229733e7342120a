"""Figures over all models, orders and tasks of a study. Like those of a cell, they import Matplotlib only to draw."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepfaith.plugins.registry import Registry

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class StudyFigure:
    """A figure that is drawn once for the whole study.

    Attributes:
        title: its heading in the report.
        explanation: one sentence on its contents and one on how to read it, in plain text; its caption in both reports.
        position: the report shows figures in ascending position; the numbers in use leave gaps for new ones.
        tables: names of the summary tables that it reads; their first columns are model, order and, if any, task. Also
            `published`, the changes that the published study had (`figures.published.published_harms`), and
            `literature`, the accuracy that published models retain (`figures.literature.with_published_study`).
        draw: draws the figure from those of its tables that the study has (a study may leave out `stability`), under
            the style of `figures.style.applied`. With nothing to show, it says why.
        protocol: the one of `plugins.quantity.PROTOCOLS` without which it has nothing to show, if any.
        fewest_tasks: number of tasks of a study below which it has nothing to show, and is not drawn.
        on_page: whether the report shows it; of one that it does not show, it has the contents in another form.
        detail: what else there is to know about it, in plain text; folded in the report.
    """

    title: str
    explanation: str
    position: int
    tables: tuple[str, ...]
    draw: "Callable[[Mapping[str, pl.DataFrame]], Figure]"
    protocol: str | None = None
    fewest_tasks: int = 1
    detail: str = ""
    on_page: bool = True


STUDY_FIGURES = Registry("keepfaith.figures.study", "FIGURE", StudyFigure, "study figure")
