"""One row of a source, read as its task says. Pure: the same reading serves the check before any job and the job."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import Any

from keepfaith.config.errors import nearest, shown
from keepfaith.config.schema import TableSource, Task

Spans = tuple[tuple[int, int], ...]


class RowError(ValueError):
    """A row cannot become an example: what is wrong, without the place, which the caller knows."""


@dataclass(frozen=True)
class Row:
    """What a row says: field texts as they stand in the source, options without the space before them."""

    id: str
    fields: dict[str, str]
    options: tuple[str, ...]
    label: int
    evidence: dict[str, Spans] = field(default_factory=dict)
    posterior: tuple[float, ...] = ()


def read_row(task: Task, source: TableSource, row: Mapping[str, Any], distinct: bool = True) -> Row:
    """Read a row.

    Args:
        task: says which fields and options there are.
        source: says in which columns they stand.
        row: column values.
        distinct: refuse equal options; training rows may have them (three of openbookqa do).

    Raises:
        RowError: a column is missing or holds what it must not.
    """
    fields = {name: _text(row, source.columns.get(name, name)) for name in task.fields}
    options = task.options or _options(row, str(source.options), distinct)
    return Row(
        id="" if source.id is None else _identity(row, source.id),
        fields=fields,
        options=options,
        label=_label(row, source, options),
        evidence={
            name: _spans(row, column, len(fields[name])) for name, column in source.evidence.items()
        },
    )


def read_table(
    task: Task,
    source: TableSource,
    table: Iterable[tuple[str, Mapping[str, Any]]],
    distinct: bool = True,
) -> Iterator[Row]:
    """Read (place, row) pairs; a row without a name of its own is named by its number from 0.

    Raises:
        RowError: with the place of the row.
    """
    places: dict[str, str] = {}
    for number, (place, raw) in enumerate(table):
        try:
            row = read_row(task, source, raw, distinct)
        except RowError as error:
            raise RowError(f"{place}: {error}") from error
        if not row.id:
            row = replace(row, id=str(number))
        if row.id in places:
            raise RowError(
                f"{place}: id {row.id!r} stands in {places[row.id]} too; give every row its own"
            )
        places[row.id] = place
        yield row


def columns(task: Task, source: TableSource) -> list[str]:
    """The top-level columns that reading needs."""
    named = [source.columns.get(name, name) for name in task.fields]
    named += [source.label, *source.evidence.values()]
    named += [
        name for name in (source.id, source.options, source.label_names) if isinstance(name, str)
    ]
    return list(dict.fromkeys(named))


def value(row: Mapping[str, Any], column: str) -> Any:
    """The value of a column, or of one nested in another: a.b.

    Raises:
        RowError: there is no such column, or it holds nothing.
    """
    found: Any = row
    # A column whose own name holds a dot goes first.
    for part in [column] if column in row else column.split("."):
        if not isinstance(found, Mapping) or part not in found:
            known = [str(key) for key in found] if isinstance(found, Mapping) else []
            raise RowError(f"no column {column!r}{nearest(part, known)}")
        found = found[part]
    if found is None:
        raise RowError(f"column {column!r} is empty; fill it or leave the row out")
    return found


def _text(row: Mapping[str, Any], column: str) -> str:
    text = value(row, column)
    if not isinstance(text, str):
        raise RowError(f"column {column!r} must be text, got {shown(text)}; put it in quotes")
    if not text.strip():
        raise RowError(f"column {column!r} is empty; fill it or leave the row out")
    _encodable(text, column)
    if "\0" in text:
        raise RowError(
            f"column {column!r} holds a NUL character at character {text.index(chr(0))}; it must be text, not bytes"
        )
    return text


def _encodable(text: str, column: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RowError(
            f"column {column!r} holds half a surrogate pair at character {error.start}; mend the escape"
        ) from error


def _identity(row: Mapping[str, Any], column: str) -> str:
    identity = value(row, column)
    if isinstance(identity, bool) or not isinstance(identity, str | Integral):
        raise RowError(
            f"column {column!r} must name the example, got {shown(identity)}; type a number or text"
        )
    if not str(identity).strip():
        raise RowError(f"column {column!r} must name the example, it is empty")
    return str(identity)


def _options(row: Mapping[str, Any], column: str, distinct: bool) -> tuple[str, ...]:
    found = value(row, column)
    if isinstance(found, str) or not isinstance(found, Sequence):
        raise RowError(f"column {column!r} must be a list of options, got {shown(found)}")
    options = []
    for option in found:
        if not isinstance(option, str) or not option.strip():
            raise RowError(
                f"column {column!r} has the option {shown(option)}; an option must be text and not empty"
            )
        _encodable(option, column)
        options.append(option.strip())
    if len(options) < 2:
        raise RowError(f"column {column!r} has {len(options)} options; there must be at least two")
    if distinct and len(set(options)) < len(options):
        twice = next(option for option in options if options.count(option) > 1)
        raise RowError(
            f"column {column!r} has the option {shown(twice)} twice; a label could not tell the two apart"
        )
    return tuple(options)


def _label(row: Mapping[str, Any], source: TableSource, options: tuple[str, ...]) -> int:
    found = value(row, source.label)
    place = f"column {source.label!r}: label {shown(found)}"
    if source.label_names is not None:
        names = (
            source.label_names
            if isinstance(source.label_names, tuple)
            else value(row, source.label_names)
        )
        if isinstance(names, str) or not isinstance(names, Sequence) or len(names) != len(options):
            raise RowError(
                f"label_names {shown(names)} do not name the {len(options)} options one by one"
            )
        known = [str(name).strip() for name in names]
        if str(found).strip() not in known:
            raise RowError(
                f"{place} names none of the options {known}{nearest(str(found).strip(), known)}"
            )
        return known.index(str(found).strip())
    if isinstance(found, str) and found.strip().isascii() and found.strip().isdigit():
        found = int(found)  # cells of a CSV file
    if not isinstance(found, Integral):
        raise RowError(
            f"{place} is no number from 0; name the options by label_names in the task's source"
        )
    if not 0 <= int(found) < len(options):
        raise RowError(f"{place} lies outside the {len(options)} options (0 to {len(options) - 1})")
    return int(found)


def _spans(row: Mapping[str, Any], column: str, length: int) -> Spans:
    found = value(row, column)
    spans = []
    if isinstance(found, str) or not isinstance(found, Sequence):
        raise RowError(f"column {column!r} must be a list of [start, end], got {shown(found)}")
    for span in found:
        pair = (
            isinstance(span, Sequence) and len(span) == 2 and all(type(end) is int for end in span)
        )
        if not pair or not 0 <= span[0] < span[1] <= length:
            raise RowError(
                f"column {column!r}: evidence {shown(span)} is no [start, end] inside its field of {length} characters"
            )
        spans.append((span[0], span[1]))
    return tuple(sorted(spans))
