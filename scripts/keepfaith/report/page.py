"""The report: one self-contained HTML file that loads nothing and runs no script but its own."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from markupsafe import Markup

from keepfaith.artifacts.atomic import write_text
from keepfaith.artifacts.schemas import VERDICT
from keepfaith.artifacts.tables import empty_table
from keepfaith.figures.cell_figures import cell_figures
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.study_figures import study_figures
from keepfaith.figures.style import NOTHING_TO_SHOW
from keepfaith.report.agreement_table import agreement_table
from keepfaith.report.answer import Finding, finding
from keepfaith.report.caveats import caveats
from keepfaith.report.examples import ExplainedExample
from keepfaith.report.glossary import GLOSSARY
from keepfaith.report.html import Templates
from keepfaith.report.limits_table import limits_table
from keepfaith.report.literature_table import LITERATURE_NOTE, literature_table
from keepfaith.report.matrix import matrices_by_concern, quantity_matrix, verdict_matrix
from keepfaith.report.metric_table import metric_table
from keepfaith.report.misalignment import Misaligned, misaligned
from keepfaith.report.next_steps import (
    margin_sentence,
    next_steps,
    shared_cautions,
)
from keepfaith.report.order_table import orders_compared
from keepfaith.report.packing import CELLS_AT_ONCE, packed
from keepfaith.report.paths_table import PATHS_AT_ONCE, paths_sentence, paths_table
from keepfaith.report.pooled_answer import pooled_findings
from keepfaith.report.power_table import power_table
from keepfaith.report.savings import savings
from keepfaith.report.study import StudyDescription
from keepfaith.report.svg import inline_svg, width_in_points
from keepfaith.report.tables import PageTable, explanation_table, model_table
from keepfaith.report.values_table import values_table

COLUMN = 420.0
"""Width in points up to which two figures stand side by side."""


@dataclass(frozen=True)
class ReportCell:
    """One cell: its tables, its explained examples, and its SVGs by the figure's name.

    `notes` are sentences for the reader from the job that made the tables.
    """

    model: str
    order: str
    task: str
    tables: CellTables
    explained: Sequence[ExplainedExample]
    figures: Mapping[str, Path]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class PageFigure:
    """A figure as the page writes it; a large one takes a whole row."""

    title: str
    image: Markup
    caption: str
    detail: str
    large: bool


@dataclass(frozen=True)
class PageCell:
    """A cell as the page writes it; `anchor` is its id. `of_checkpoints`: its levels were made elsewhere."""

    anchor: str
    model: str
    order: str
    task: str
    finding: Finding
    caveats: Sequence[str]
    figures: Sequence[PageFigure]
    misaligned: Misaligned | None
    tables: Sequence[PageTable]
    explained: Sequence[ExplainedExample]
    of_checkpoints: bool = False
    shortened: bool = False
    """Whether figures are left out, as the study has many cells."""


def write_report(
    path: Path,
    study: StudyDescription,
    cells: Sequence[ReportCell],
    study_svgs: Mapping[str, Path],
    pooled: Mapping[str, pl.DataFrame] | None = None,
    efficiency: pl.DataFrame | None = None,
    literature: pl.DataFrame | None = None,
) -> None:
    """Write the page atomically.

    Args:
        path: the page to write.
        study: description of the study.
        cells: in the order of the page.
        study_svgs: the SVGs over the whole study that were drawn, by the figure's name.
        pooled: POOLED by pruning path, `model/order`; without rows for one task.
        efficiency: EFFICIENCY of all pruning paths with leading columns model and order; without it the page says
            nothing of savings.
        literature: published results to set beside the study's (`figures.literature.with_published_study`), if any.

    Raises:
        FileNotFoundError: a figure is missing.
    """
    write_text(path, render_page(study, cells, study_svgs, pooled, efficiency, literature))


def render_page(
    study: StudyDescription,
    cells: Sequence[ReportCell],
    study_svgs: Mapping[str, Path],
    pooled: Mapping[str, pl.DataFrame] | None = None,
    efficiency: pl.DataFrame | None = None,
    literature: pl.DataFrame | None = None,
    template: str = "page.html.j2",
) -> str:
    """The page as text; equal input gives equal text. `template`: page.html.j2, or one that extends it."""
    templates = Templates()
    summary = [
        _figure(
            study_svgs[name], f"summary-{name}", figure.title, figure.explanation, figure.detail
        )
        for name, figure in study_figures().items()
        if name in study_svgs and figure.on_page and _shows_something(study_svgs[name])
    ]
    large = len(cells) > CELLS_AT_ONCE
    page_cells = [_page_cell(index, cell, large) for index, cell in enumerate(cells)]
    bodies = [templates.part("cell.html.j2", cell=cell) for cell in page_cells]
    overview = templates.part("overview.html.j2", figures=summary)
    as_written = packed if large else Markup
    targets = {(page.model, page.order, page.task): page.anchor for page in page_cells}
    verdicts, means = verdicts_of(cells), pooled or {}
    in_sequence = verdicts_of([cell for cell in cells if not cell.tables.names])
    names = {f"{cell.model}/{cell.order}": cell.tables.names for cell in cells}
    saved = [] if efficiency is None else savings(in_sequence, means, efficiency, orders_of(cells))
    several_tasks = len({cell.task for cell in cells}) > 1
    several_paths = len(names) > 1
    many, several = len(saved) > PATHS_AT_ONCE, any(each.height for each in means.values())
    return templates.page(
        template,
        study.name,
        study=study,
        literature=None if literature is None else _beside_literature(cells, literature),
        literature_note=LITERATURE_NOTE,
        by_quantity=quantity_matrix(verdicts, means, names),
        several=several,
        several_tasks=several_tasks,
        several_paths=several_paths,
        overview_title="Over all tasks" if several_tasks else "Over the study",
        checkpoints=any(names.values()),
        margins=margin_sentence(verdicts),
        matrix=verdict_matrix(verdicts, means, targets, names),
        matrix_columns="level" if any(names.values()) else "number of dropped layers",
        savings=saved,
        paths=paths_table(saved) if many else None,
        paths_sentence=paths_sentence(saved, several=several) if many else "",
        values=_values(cells, means),
        concerns=matrices_by_concern(verdicts, means, targets, names),
        overview=as_written(overview) if summary else "",
        pooled=pooled_findings(means, names),
        reached=_reached(cells),
        compared=orders_compared(in_sequence),
        power=power_table(verdicts),
        next_steps=next_steps(verdicts, logged=study.logged),
        cautions=shared_cautions(_named(cell, several_paths) for cell in page_cells),
        cells=[(cell, as_written(body)) for cell, body in zip(page_cells, bodies, strict=True)],
        large=large,
        glossary=GLOSSARY,
    )


def _reached(cells: Sequence[ReportCell]) -> str:
    """`up to`: how far a path is kept, or which checkpoints are."""
    kinds = {bool(cell.tables.names) for cell in cells}
    return "up to, or by checkpoints" if len(kinds) > 1 else "by" if kinds == {True} else "up to"


def verdicts_of(cells: Sequence[ReportCell]) -> pl.DataFrame:
    """VERDICT of all cells with leading columns model, order and task."""
    leading = pl.DataFrame(schema=dict.fromkeys(("model", "order", "task"), pl.String))
    empty = leading.hstack(empty_table(VERDICT).get_columns())
    return pl.concat([empty, *(_with_names(cell, cell.tables.verdict) for cell in cells)])


def orders_of(cells: Sequence[ReportCell]) -> dict[str, pl.DataFrame]:
    """ORDER of every pruning path, `model/order`, that has one."""
    return {
        f"{cell.model}/{cell.order}": cell.tables.order
        for cell in cells
        if cell.tables.order.height
    }


def _with_names(cell: ReportCell, table: pl.DataFrame) -> pl.DataFrame:
    """A table of a cell with leading columns model, order and task."""
    names = {"model": cell.model, "order": cell.order, "task": cell.task}
    return table.select(*(pl.lit(name).alias(key) for key, name in names.items()), pl.all())


def _values(cells: Sequence[ReportCell], means: Mapping[str, pl.DataFrame]) -> list[PageTable]:
    """Of every pruning path, the values at the levels that its answer names; folded where there are several.

    None of a path of several tasks that have no mean, as imported logs.
    """
    paths: dict[str, dict[str, CellTables]] = {}
    for cell in cells:
        if not cell.tables.names:
            paths.setdefault(f"{cell.model}/{cell.order}", {})[cell.task] = cell.tables
    found = []
    for path, tables in paths.items():
        pooled = means.get(path)
        if pooled is not None and pooled.height:
            verdict = pooled.filter(pl.col("left_out").is_null())
        elif len(tables) == 1:
            (only,) = tables.values()
            verdict = only.verdict
        else:
            continue
        place = ", ".join(path.split("/"))
        found.append(values_table(place, verdict, tables, folded=len(paths) > 1))
    return [table for table in found if table is not None]


def _beside_literature(cells: Sequence[ReportCell], literature: pl.DataFrame) -> PageTable | None:
    metrics = [_with_names(cell, cell.tables.metrics) for cell in cells]
    paths = {(cell.model, cell.order): cell for cell in cells}.values()
    orders = [_with_names(cell, cell.tables.order).drop("task") for cell in paths]
    return literature_table(pl.concat(metrics), pl.concat(orders), literature) if cells else None


def _page_cell(index: int, cell: ReportCell, large: bool) -> PageCell:
    names = "-".join((cell.model, cell.order, cell.task))
    anchor = f"cell-{index}-" + re.sub(r"[^A-Za-z0-9]+", "-", names).strip("-").lower()
    figures = [
        _figure(
            cell.figures[name],
            f"c{index}-{name}",
            figure.title,
            figure.caption_of(cell.tables),
            figure.detail,
        )
        for name, figure in cell_figures().items()
        if name in cell.figures
        and not cell.tables.unexplained(figure.needs)
        and (figure.main or not large)
        and _shows_something(cell.figures[name])
    ]
    makers = (model_table, explanation_table, limits_table, agreement_table, metric_table)
    tables = [make(cell.tables) for make in makers]
    return PageCell(
        anchor,
        cell.model,
        cell.order,
        cell.task,
        finding(cell.tables.verdict, cell.tables.names),
        [*caveats(cell.tables), *cell.notes],
        figures,
        misaligned(cell.tables),
        [table for table in tables if table is not None],
        cell.explained,
        of_checkpoints=cell.tables.order.is_empty(),
        shortened=large,
    )


def _named(cell: PageCell, several_paths: bool) -> tuple[str, Sequence[str]]:
    """Name of a cell, its task where the study has one model and order, and its cautions."""
    place = f"{cell.model}, {cell.order}, {cell.task}" if several_paths else cell.task
    return place, cell.caveats


def _shows_something(svg: Path) -> bool:
    return f'id="{NOTHING_TO_SHOW}"' not in svg.read_text(encoding="utf-8")


def _figure(path: Path, prefix: str, title: str, caption: str, detail: str) -> PageFigure:
    document = path.read_text(encoding="utf-8")
    image, large = inline_svg(document, prefix, title), width_in_points(document) > COLUMN
    return PageFigure(title, image, caption, detail, large)
