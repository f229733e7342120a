"""The page of imported logs: the report of all that follows from predictions, in the report's own templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import polars as pl

from keepfaith.artifacts.atomic import write_text
from keepfaith.figures.cell_tables import CellTables
from keepfaith.report.caveats import caveats
from keepfaith.report.page import ReportCell, render_page
from keepfaith.report.study import StudyDescription, facts

ORIGIN = "imported logs"
"""Stands where the page of a study names a pruning order."""


@dataclass(frozen=True)
class ImportedTask:
    """One task of one import: its tables, its CAUTIONS, and its SVGs by the figure's name."""

    name: str
    task: str
    tables: CellTables
    cautions: pl.DataFrame
    figures: Mapping[str, Path]


@dataclass(frozen=True)
class ImportDescription(StudyDescription):
    """What was imported; no model was run."""

    logged: ClassVar[bool] = True
    runs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def groups(self) -> Sequence[tuple[str, Mapping[str, Mapping[str, object]]]]:
        """The imports with their runs, and the tasks with the imports that have them."""
        return [("Imports", self.runs), ("Tasks", self.tasks)]


def describe_imports(
    runs: Mapping[str, Mapping[str, object]],
    tasks: Sequence[tuple[str, str]],
    settings: Mapping[str, object],
    downloads: Mapping[str, str],
) -> ImportDescription:
    """The description of all imports.

    Args:
        runs: facts about each import by its name: the run of every level, and the passage.
        tasks: name of the import and of the task, of every imported task.
        settings: settings of the metrics and the verdict.
        downloads: address of each file by its label, relative to the page.
    """
    imports_of: dict[str, list[str]] = {}
    for name, task in tasks:
        imports_of.setdefault(task, []).append(name)
    return ImportDescription(
        name="imported logs of lm-evaluation-harness",
        models={},
        orders={},
        tasks={task: {"imports": ", ".join(names)} for task, names in imports_of.items()},
        methods={},
        settings=facts(settings),
        downloads=downloads,
        runs={name: facts(each) for name, each in runs.items()},
    )


def render_imported_page(description: ImportDescription, tasks: Sequence[ImportedTask]) -> str:
    """The page as text; equal input gives equal text."""
    cells = [
        ReportCell(each.name, ORIGIN, each.task, each.tables, (), each.figures, _notes(each))
        for each in tasks
    ]
    return render_page(description, cells, {}, template="imported.html.j2")


def write_imported_report(
    path: Path, description: ImportDescription, tasks: Sequence[ImportedTask]
) -> None:
    """Write the page atomically.

    Raises:
        FileNotFoundError: a figure is missing.
    """
    write_text(path, render_imported_page(description, tasks))


def _notes(imported: ImportedTask) -> list[str]:
    """The cautions that do not follow from the tables, which the page reads by itself."""
    said = set(caveats(imported.tables))
    return [caution for caution in imported.cautions["caution"] if caution not in said]
