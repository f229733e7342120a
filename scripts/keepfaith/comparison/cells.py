"""The cells of two results folders, and which of one is compared with which of the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from keepfaith.artifacts.frames import read_parquet_metadata
from keepfaith.config.errors import ConfigError, nearest
from keepfaith.config.reserved import RESERVED_MODELS

_TABLES = ("predictions", "metrics", "verdict", "explanations")
"""What a comparison reads of a cell, besides its examples."""


@dataclass(frozen=True)
class StudyCell:
    """One model, order and task of a study.

    Attributes:
        results: the study's results folder.
        model, order, task: names of the study.
    """

    results: Path
    model: str
    order: str
    task: str

    @property
    def path(self) -> str:
        """`model/order`."""
        return f"{self.model}/{self.order}"

    def table(self, name: str) -> Path:
        """File of one of its tables, which may not exist."""
        return self.results / self.model / self.order / self.task / f"{name}.parquet"

    @property
    def examples(self) -> Path:
        """File of its examples, as the model was asked them."""
        with_template = self.results / "models" / self.model / "chat" / f"{self.task}.parquet"
        plain = self.results / "tasks" / self.task / "examples.parquet"
        return with_template if with_template.is_file() else plain


@dataclass(frozen=True)
class CellPair:
    """A cell of the first study and that of the second which is compared with it."""

    first: StudyCell
    second: StudyCell

    def contents(self) -> dict[str, str | None]:
        """Digest of every table that a comparison reads, by its file, from the footers of the files."""
        files = [
            file
            for cell in (self.first, self.second)
            for file in (cell.examples, *map(cell.table, _TABLES))
            if file.is_file()
        ]
        return {str(file): read_parquet_metadata(file).get("keepfaith_content") for file in files}


def cells_of(results: Path, key: str) -> list[StudyCell]:
    """All finished cells of a results folder, by model, order and task.

    Args:
        results: the folder.
        key: where its path was typed, for the message.

    Raises:
        ConfigError: it is no results folder, or no cell of it is finished.
    """
    if not results.is_dir():
        raise ConfigError(key, f"there is no folder {results}; type the results folder of a study")
    found = sorted(
        path.relative_to(results).parts[:3]
        for path in results.glob("*/*/*/verdict.parquet")
        if path.relative_to(results).parts[0] not in RESERVED_MODELS
    )
    if not found:
        near = results / "results"
        hint = f"; did you mean {near}?" if near.is_dir() else ""
        raise ConfigError(key, f"{results} has no finished task of any model and order{hint}")
    return [StudyCell(results, *parts) for parts in found]


def paired_cells(
    first: Sequence[StudyCell], second: Sequence[StudyCell], pairs: Mapping[str, str]
) -> tuple[list[CellPair], list[str]]:
    """Cells of the same task, and sentences on those without a partner.

    A cell of the first study is compared with that of the second that `pairs` names; else with that of the same model
    and order; else, if it is the only one of its task on both sides, with the only one.

    Raises:
        ConfigError: no cell has a partner, or `pairs` names a model and order that a study does not have.
    """
    for side, cells in ((tuple(pairs), first), (tuple(pairs.values()), second)):
        known = sorted({cell.path for cell in cells})
        for name in side:
            if name not in known:
                raise ConfigError("config: compare.pairs", f"no {name!r}{nearest(name, known)}")
    found = []
    for cell in first:
        others = [other for other in second if other.task == cell.task]
        wanted = pairs.get(cell.path, cell.path)
        partner = next((other for other in others if other.path == wanted), None)
        alone = len(others) == 1 and sum(each.task == cell.task for each in first) == 1
        if partner is None and alone and cell.path not in pairs:
            (partner,) = others
        if partner is not None:
            found.append(CellPair(cell, partner))
    if not found:
        raise ConfigError(
            "config: compare",
            "no task of the first study has a model and order of the second to be compared with (tasks: "
            f"{_tasks(first)}; and {_tasks(second)}); type, for example, compare.pairs: "
            f"{{{first[0].path}: {second[0].path}}}",
        )
    taken = {id(cell) for pair in found for cell in (pair.first, pair.second)}
    notes = [
        f"{cell.path}, {cell.task} of the {side} study has no partner in the other and is left out."
        for side, cells in (("first", first), ("second", second))
        for cell in cells
        if id(cell) not in taken
    ]
    return found, notes


def _tasks(cells: Sequence[StudyCell]) -> str:
    return ", ".join(sorted({cell.task for cell in cells}))
