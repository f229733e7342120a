"""Drawing the figures over a whole study, in the order of the report."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from keepfaith.figures.levels import drawn_as, style_of_study
from keepfaith.figures.paper import Paper
from keepfaith.figures.style import applied, by_stem, draw_files
from keepfaith.plugins.study_figure import STUDY_FIGURES, StudyFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Tables = Mapping[str, pl.DataFrame]


def study_figures() -> dict[str, StudyFigure]:
    """All figures over a study by name, in the order of the report."""
    figures = STUDY_FIGURES.all()
    return {name: figures[name] for name in sorted(figures, key=lambda n: figures[n].position)}


def draw_study(name: str, tables: Tables) -> "Figure":
    """Draw one figure over the study in the common style, from the tables that it declares.

    Table `checkpoints`, where the study has one, says how levels are drawn.
    """
    figure = STUDY_FIGURES.load(name)
    found = (table for table in tables.values() if {"model", "order"} <= {*table.columns})
    paths = frozenset(
        path for table in found for path in table.select("model", "order").iter_rows()
    )
    with applied(), drawn_as(style_of_study(paths, tables.get("checkpoints"))):
        return figure.draw({name: tables[name] for name in figure.tables if name in tables})


def draw_all_study(tables: Tables, paths: Iterable[Path], paper: Paper) -> None:
    """Draw the figures that `paths` name: the stem is the figure, the suffix its format.

    Args:
        tables: summary tables by name, each with leading columns model, order and, if it has one, task; those that
            the figures declare, if the study has them.
        paths: of svg, pdf and png; missing folders are created.
        paper: widths of the pdf.
    """
    for name, files in by_stem(paths).items():
        draw_files(partial(draw_study, name, tables), files, paper)
