"""Rationales of a row: spans of characters, flags of words, and what several annotators agree on."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from keepfaith.config.cells import RowError, value
from keepfaith.config.errors import shown
from keepfaith.config.schema.task_source import Rationale
from keepfaith.config.spans import Spans
from keepfaith.config.words import word_spans


def read_rationale(
    row: Mapping[str, Any], rationale: Rationale, text: str, first: bool
) -> Spans | None:
    """The rationale of a field in its characters, ascending; None where the row has none.

    Args:
        row: column values.
        rationale: where it is, and in what form.
        text: the field.
        first: whether no row was read before, which must have the column, since its name may be wrong.

    Raises:
        RowError: it has another form, or lies outside the field.
    """
    try:
        found = value(row, rationale.column)
    except RowError as error:
        if error.no_column and first:
            raise
        return None
    read, location = FORMS[rationale.form], f"column {rationale.column!r}"
    if rationale.share is None:
        return read(found, text, location)
    annotators = [each for each in _listed(found, location, "annotators") if each is not None]
    if not annotators:
        return None
    return _shared([read(each, text, location) for each in annotators], rationale.share, len(text))


def _listed(found: Any, location: str, what: str) -> Sequence[Any]:
    if isinstance(found, str) or not isinstance(found, Sequence):
        raise RowError(f"{location} must be a list of {what}, got {shown(found)}")
    return found


def _spans(found: Any, text: str, location: str) -> Spans:
    spans = []
    for span in _listed(found, location, "[start, end]"):
        pair = (
            isinstance(span, Sequence) and len(span) == 2 and all(type(end) is int for end in span)
        )
        if not pair or not 0 <= span[0] < span[1] <= len(text):
            raise RowError(
                f"{location}: rationale {shown(span)} is not a [start, end] in its field of {len(text)} characters"
            )
        spans.append((span[0], span[1]))
    return tuple(sorted(spans))


def _flags(found: Any, text: str, location: str) -> Spans:
    """Spans of runs of flagged words."""
    flags, words = _listed(found, location, "flags"), word_spans(text)
    for flag in flags:
        if flag not in (0, 1):
            raise RowError(f"{location}: flag {shown(flag)} is neither 0 nor 1")
    if len(flags) != len(words):
        raise RowError(
            f"{location} has {len(flags)} flags for a field of {len(words)} words; split the field at white space, or "
            "give it as the list of its words"
        )
    runs = groupby(zip(flags, words, strict=True), key=lambda pair: bool(pair[0]))
    marked = [[word for _, word in run] for flag, run in runs if flag]
    return tuple((run[0][0], run[-1][1]) for run in marked)


def _shared(rationales: Sequence[Spans], share: float, length: int) -> Spans:
    """Spans of the characters that at least a share of the annotators marked."""
    counts = [0] * length
    for spans in rationales:
        for index in {index for start, end in spans for index in range(start, end)}:
            counts[index] += 1
    # A third of three annotators is one, whatever binary fractions make of it.
    needed = share * len(rationales) - 1e-9
    runs = groupby(range(length), key=lambda index: counts[index] >= needed)
    marked = [list(run) for enough, run in runs if enough]
    return tuple((run[0], run[-1] + 1) for run in marked)


FORMS: dict[str, Callable[[Any, str, str], Spans]] = {"spans": _spans, "flags": _flags}
"""Readers of each `Rationale.form`: the value, the field's text, the location for messages."""
