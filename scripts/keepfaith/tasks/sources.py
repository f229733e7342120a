"""The rows of a task, from the hub, a local file or a built-in generator, read to one shape."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from datasets import Dataset

from keepfaith.config.files import read_rows
from keepfaith.config.rows import Row, RowError, columns, read_table
from keepfaith.config.schema import (
    BuiltinTaskSource,
    HubTaskSource,
    LocalTaskSource,
    TableSource,
    Task,
)
from keepfaith.config.settings import ResolvedTask
from keepfaith.hub.errors import HubError
from keepfaith.tasks.builtin import generate
from keepfaith.tasks.hub_rows import hub_rows

Part = Literal["evaluation", "tuning", "training"]


class SourceError(ValueError):
    """A source cannot be read, or holds what its task does not allow: one line with the place."""


def split_of(resolved: ResolvedTask, part: Part) -> str | None:
    """Name of the split (or file) that serves a part; None where there is none."""
    if isinstance(resolved.source, BuiltinTaskSource):
        return part
    split: str | None = getattr(resolved.source.splits, part)
    return split


def task_rows(resolved: ResolvedTask, part: Part) -> list[Row]:
    """All rows of the split that serves `part`, in the order of the source.

    Raises:
        SourceError: there is no such split, it cannot be had, or a row is not as the task says.
        ConfigError: a local file cannot be read.
    """
    split = split_of(resolved, part)
    if split is None:
        raise SourceError(f"task {resolved.name}: its source has no {part} split")
    source = resolved.source
    if isinstance(source, BuiltinTaskSource):
        return list(_builtin(resolved, source, part))
    table = (
        _hub(resolved.name, source, split)
        if isinstance(source, HubTaskSource)
        else _local(resolved.task, source, split)
    )
    rows = ((f"row {number}", row) for number, row in enumerate(table))
    try:
        return list(read_table(resolved.task, source, rows, distinct=part != "training"))
    except RowError as error:
        raise SourceError(f"task {resolved.name}: {split}, {error}") from error


def _hub(name: str, source: HubTaskSource, split: str) -> Iterator[dict[str, Any]]:
    try:
        yield from hub_rows(source.repository, source.config, source.revision, split)
    except HubError as error:
        raise SourceError(f"task {name}: {error}") from error


def _local(task: Task, source: LocalTaskSource, path: str) -> Dataset:
    # Not load_dataset("json"), which guesses the type of a column: see config/files.py.
    rows = [_used(task, source, row) for _, row in read_rows(path)]
    try:
        return Dataset.from_list(rows)
    except (TypeError, ValueError) as error:  # Arrow's errors are among these
        reason = " ".join(str(error).split())
        raise SourceError(
            f"{path}: a column mixes kinds of values ({reason}); write all rows alike"
        ) from error


def _used(task: Task, source: TableSource, row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that the task reads; names and labels as text, as some sources mix it with numbers."""
    names = (name if name in row else name.split(".")[0] for name in columns(task, source))
    used = {name: row.get(name) for name in names}
    for name in (source.id, source.label):
        if isinstance(used.get(str(name)), int) and not isinstance(used[str(name)], bool):
            used[str(name)] = str(used[str(name)])
    return used


def _builtin(resolved: ResolvedTask, source: BuiltinTaskSource, part: Part) -> Iterator[Row]:
    split = "train" if part == "training" else part
    count = getattr(source.sizes, part)
    examples = generate(source.generator, split, count, source.seed)
    for number, example in enumerate(examples):
        if resolved.task.options not in (None, example.choices):
            raise SourceError(
                f"task {resolved.name}: its options {list(resolved.task.options or ())} are not those of the "
                f"generator {source.generator}; type {list(example.choices)}"
            )
        yield Row(
            id=str(number),
            fields=example.fields,
            options=example.choices,
            label=example.label,
            evidence=example.evidence,
            posterior=example.posterior,
        )
