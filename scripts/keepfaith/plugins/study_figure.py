"""Figures over all models, orders and tasks of a study. As those of a cell, they import Matplotlib where they draw."""

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
        explanation: what it shows and how to read it, in plain text; its caption in both reports.
        position: the report shows figures in ascending position; the numbers in use leave room between them.
        tables: names of the summary tables that it reads; each has model, order and, where it has one, task in front.
        draw: the figure, from those of its tables that the study has (a study may leave out `stability`), under the
            style of `figures.style.applied`. Where there is nothing to show, it says why.
    """

    title: str
    explanation: str
    position: int
    tables: tuple[str, ...]
    draw: "Callable[[Mapping[str, pl.DataFrame]], Figure]"


STUDY_FIGURES = Registry("keepfaith.figures.study", "FIGURE", StudyFigure, "study figure")
