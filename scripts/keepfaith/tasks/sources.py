"""Rows of a task, from the hub, a local file or a built-in generator, in one form."""

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from keepfaith.config.cells import RowError
from keepfaith.config.counts import left_out
from keepfaith.config.files import read_rows
from keepfaith.config.rows import Skipped, TaskRow, read_task_rows
from keepfaith.config.schema import BuiltinTaskSource, HarnessTaskSource, HubTaskSource
from keepfaith.config.settings import ResolvedTask
from keepfaith.hub.errors import HubError
from keepfaith.tasks.builtin import generate
from keepfaith.tasks.hub_rows import hub_rows

Subset = Literal["evaluation", "tuning", "training"]

logger = logging.getLogger(__name__)


class SourceError(ValueError):
    """A source cannot be read or does not fit its task: one line with the location."""


def split_serving(resolved: ResolvedTask, subset: Subset) -> str | None:
    """Name of the split (or file) that serves a subset; None where there is none."""
    if isinstance(resolved.source, BuiltinTaskSource):
        return subset
    if isinstance(resolved.source, HarnessTaskSource):
        return subset if subset == "evaluation" else None
    split: str | None = getattr(resolved.source.splits, subset)
    return split


class SubsetRows(NamedTuple):
    """The rows of a split that can be examples, in its order, and the number left out, by reason."""

    rows: list[TaskRow]
    skipped: dict[str, int]


def task_rows(resolved: ResolvedTask, subset: Subset) -> SubsetRows:
    """All rows of the split that serves `subset`.

    Raises:
        SourceError: there is no such split, it cannot be read, or a row does not fit the task.
        ConfigError: a local file cannot be read.
    """
    split = split_serving(resolved, subset)
    if split is None:
        raise SourceError(f"task {resolved.name}: its source has no {subset} split")
    source = resolved.source
    if isinstance(source, BuiltinTaskSource):
        return SubsetRows(list(_builtin(resolved, source, subset)), {})
    if isinstance(source, HarnessTaskSource):
        return SubsetRows(_harness(resolved, source), {})
    table = (
        _hub(resolved.name, source, split)
        if isinstance(source, HubTaskSource)
        else read_rows(split)
    )
    rows: list[TaskRow] = []
    skipped: Counter[str] = Counter()
    try:
        for row in read_task_rows(resolved.task, source, table, distinct=subset != "training"):
            if isinstance(row, Skipped):
                skipped[row.reason] += 1
            else:
                rows.append(row)
    except RowError as error:
        raise SourceError(f"task {resolved.name}: {split}, {error}") from error
    if skipped:
        logger.info("task %s: %s, %s", resolved.name, split, left_out(skipped, len(rows)))
    return SubsetRows(rows, dict(skipped))


def _hub(name: str, source: HubTaskSource, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
    rows = hub_rows(source.repository, source.config, source.revision, split)
    try:
        for number, row in enumerate(rows):
            yield f"row {number}", row
    except HubError as error:
        raise SourceError(f"task {name}: {error}") from error


def _harness(resolved: ResolvedTask, source: HarnessTaskSource) -> list[TaskRow]:
    # Only such a task needs the harness, which is not always installed.
    from keepfaith.tasks.harness import harness_rows
    from keepfaith.tasks.harness_groups import HarnessError

    try:
        return harness_rows(source, resolved.task)
    except HarnessError as error:
        raise SourceError(f"task {resolved.name}: sources.harness: {error}") from error


def _builtin(
    resolved: ResolvedTask, source: BuiltinTaskSource, subset: Subset
) -> Iterator[TaskRow]:
    split = "train" if subset == "training" else subset
    count = getattr(source.sizes, subset)
    examples = generate(source.generator, split, count, source.seed)
    for number, example in enumerate(examples):
        if resolved.task.options not in (None, example.choices):
            raise SourceError(
                f"task {resolved.name}: its choices {list(resolved.task.options or ())} are not those of the "
                f"generator {source.generator}; type {list(example.choices)}"
            )
        yield TaskRow(
            id=str(number),
            fields=example.fields,
            options=example.choices,
            label=example.label,
            rationale=example.rationale,
            posterior=example.posterior,
            number=number,
        )
