"""Reading of one row of a source as its task defines it; shared by the check before any job and by the job."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, Literal

from keepfaith.config.blanks import around_blank
from keepfaith.config.cells import RowError, empty_cell, refuse_unencodable, value
from keepfaith.config.errors import shown
from keepfaith.config.labels import read_label
from keepfaith.config.own_choices import own_choices
from keepfaith.config.passages import comparable, is_blank
from keepfaith.config.placeholders import rendered
from keepfaith.config.rationales import read_rationale
from keepfaith.config.schema import SkipReason, TableSource, TableTaskSource, Task
from keepfaith.config.selection import not_selected
from keepfaith.config.spans import Spans


@dataclass(frozen=True)
class Skipped:
    """A row left out by the `skip` or `only` of its source: the reason, and the problem with its location."""

    reason: SkipReason | Literal["not_selected"]
    problem: str


@dataclass(frozen=True)
class TaskRow:
    """A row that was read: field texts as in the source, choices without the delimiter before them.

    White space around a row's own choices is removed, unless the delimiter is "": then it alone separates prompt and
    choice. `number` counts from 0 in the source, including rows that are left out. `passage`: what the row shares with
    others, where the task names a column outside of the prompt for it. `template`: the
    row's own prompt, where it is not the task's. `contexts`: the prompt of each choice, where the source gives these,
    and `continuation` what is scored after each.
    """

    id: str
    fields: dict[str, str]
    options: tuple[str, ...]
    label: int
    rationale: dict[str, Spans] = field(default_factory=dict)
    posterior: tuple[float, ...] = ()
    number: int = 0
    passage: str | None = None
    template: str | None = None
    contexts: tuple[str, ...] = ()
    continuation: str | None = None


def content_of(row: TaskRow) -> bytes:
    """A digest of 16 bytes, equal for rows with the same texts and choices, whatever their ids.

    Texts are compared as by `comparable`, so that blanks and forms of Unicode do not hide a repeated example.
    """
    fields = [(name, comparable(text)) for name, text in sorted(row.fields.items())]
    texts = json.dumps([fields, list(map(comparable, row.options))])
    return hashlib.blake2b(texts.encode(), digest_size=16).digest()


def read_row(
    task: Task,
    source: TableSource,
    row: Mapping[str, Any],
    distinct: bool = True,
    number: int = 0,
    first: bool = False,
) -> TaskRow:
    """Read a row; without an id column its id is its number.

    Args:
        task: defines the fields and choices.
        source: names their columns.
        row: column values.
        distinct: refuse equal choices; training rows may have them (three of openbookqa do).
        number: its index in the source, from 0.
        first: whether no row of the source was read before.

    Raises:
        RowError: a column is missing or has an invalid value.
    """
    fields = {name: _field(row, source, name) for name in task.fields}
    if task.blank:
        around_blank(rendered(task.prompt, fields), task.blank)
    rationale = {
        name: read_rationale(row, where, fields[name], first)
        for name, where in source.rationale.items()
    }
    options = task.options or own_choices(row, source.options, distinct, task.delimiter == "")
    return TaskRow(
        id=str(number) if source.id is None else _identity(row, source.id),
        fields=fields,
        options=options,
        label=read_label(row, source, options),
        rationale={name: spans for name, spans in rationale.items() if spans is not None},
        passage=_passage(task, source, row),
        number=number,
    )


def read_task_rows(
    task: Task,
    source: TableTaskSource,
    table: Iterable[tuple[str, Mapping[str, Any]]],
    distinct: bool = True,
) -> Iterator[TaskRow | Skipped]:
    """Read (location, row) pairs.

    Args:
        task, source: see `read_row`; `source.skip` names the rows to leave out.
        table: every row of the source with its location, such as "line 3".
        distinct: refuse equal choices where `source.skip` does not leave them out.

    Raises:
        RowError: with the location of the row; or no row is left.
    """
    distinct = distinct or "equal_options" in source.skip
    locations: dict[str, str] = {}
    first: Skipped | None = None
    for number, (location, raw) in enumerate(table):
        try:
            if problem := not_selected(raw, source):
                skipped = Skipped("not_selected", f"{location}: {problem}")
                first = first or skipped
                yield skipped
                continue
            row = read_row(task, source, raw, distinct, number, first=not locations)
        except RowError as error:
            if error.reason not in source.skip:
                raise RowError(
                    f"{location}: {_with_skip(error, source, first=not locations)}"
                ) from error
            skipped = Skipped(error.reason, f"{location}: {error.problem}")
            first = first or skipped
            yield skipped
            continue
        if row.id in locations:
            raise RowError(
                f"{location}: id {row.id!r} is also in {locations[row.id]}; give every row its own, or leave id out "
                f"of sources.{source.kind} to name rows by their number"
            )
        locations[row.id] = location
        yield row
    if first and not locations:
        key = "only" if first.reason == "not_selected" else "skip"
        raise RowError(
            f"{key} leaves no row ({first.problem}); correct the columns of sources.{source.kind}, or its {key}"
        )


def _with_skip(error: RowError, source: TableTaskSource, first: bool) -> str:
    """The message, with the `skip` to type where that would leave the row out."""
    # A column that the first row lacks is more likely misspelt than empty.
    if error.reason is None or (error.no_column and first):
        return str(error)
    skip = ", ".join([*source.skip, error.reason])
    cure = f"{error.cure}, or" if error.cure else "or"
    return f"{error.problem}; {cure} type skip: [{skip}] in sources.{source.kind}"


def _field(row: Mapping[str, Any], source: TableSource, name: str) -> str:
    """The text of a field; one with flags of words may be the list of these."""
    column, rationale = source.columns.get(name, name), source.rationale.get(name)
    found = value(row, column)
    if rationale and rationale.form == "flags" and isinstance(found, list | tuple):
        words = [_checked(word, column) for word in found]
        if broken := next((word for word in words if len(word.split()) != 1), None):
            raise RowError(f"column {column!r}: {shown(broken)} is not one word; split it")
        return _checked(" ".join(words), column)
    return _checked(found, column)


def _passage(task: Task, source: TableSource, row: Mapping[str, Any]) -> str | None:
    if task.passage_in_prompt:
        return None
    name = str(task.passage)
    return _identity(row, source.columns.get(name, name), "the passage")


def _checked(text: Any, column: str) -> str:
    if not isinstance(text, str):
        raise RowError(
            f"column {column!r} must be text, got {shown(text)}; write it as text, in JSON put it in quotes"
        )
    if is_blank(text):
        raise empty_cell(column)
    refuse_unencodable(text, f"column {column!r}")
    return text


def _identity(row: Mapping[str, Any], column: str, what: str = "the example") -> str:
    identity = value(row, column)
    if isinstance(identity, bool) or not isinstance(identity, str | Integral):
        raise RowError(
            f"column {column!r} must name {what}, got {shown(identity)}; type a number or text"
        )
    if not str(identity).strip():
        raise RowError(f"column {column!r} must name {what}, it is empty", "fill it", "empty")
    return str(identity)
