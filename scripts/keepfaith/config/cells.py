"""Values of a row's columns, and the error for a row that cannot become an example."""

from collections.abc import Mapping, Sequence
from typing import Any

from keepfaith.config.errors import nearest
from keepfaith.config.schema import SkipReason


class RowError(ValueError):
    """A row cannot become an example: the problem without the location, which the caller adds.

    Attributes:
        problem: the fault.
        cure: how to correct it, where the fault alone does not say so.
        reason: the `skip` under which the row may be left out; None where the fault is not in the row.
        no_column: the column is missing, so its name may be wrong.
    """

    def __init__(
        self,
        problem: str,
        cure: str = "",
        reason: SkipReason | None = None,
        no_column: bool = False,
    ) -> None:
        super().__init__(f"{problem}; {cure}" if cure else problem)
        self.problem, self.cure, self.reason, self.no_column = problem, cure, reason, no_column


def value(row: Mapping[str, Any], column: str, reason: SkipReason = "empty") -> Any:
    """The value of a column, of one nested in another (a.b), or of an element of a list, counted from 0 (a.0).

    Args:
        row: column values.
        column: its name.
        reason: the `skip` that leaves out a row without it.

    Raises:
        RowError: there is no such column, or it is empty.
    """
    found: Any = row
    # A column whose name contains a dot has priority.
    for part in [column] if column in row else column.split("."):
        if found is None:
            break
        found = (
            _element(found, part, column, reason)
            if _is_list(found)
            else _key(found, part, column, reason)
        )
    if found is None:
        raise empty_cell(column, reason)
    return found


def _key(found: Any, part: str, column: str, reason: SkipReason) -> Any:
    if isinstance(found, Mapping) and part in found:
        return found[part]
    known = [str(key) for key in found] if isinstance(found, Mapping) else []
    raise RowError(f"no column {column!r}{nearest(part, known)}", reason=reason, no_column=True)


def _is_list(found: Any) -> bool:
    return isinstance(found, Sequence) and not isinstance(found, str | bytes)


def _element(found: Sequence[Any], part: str, column: str, reason: SkipReason) -> Any:
    if not part.isascii() or not part.isdigit():
        raise RowError(
            f"column {column!r}: a list has no {part!r}; name an element by its number from 0, such as "
            f"{column.removesuffix(part)}0"
        )
    if int(part) >= len(found):
        raise RowError(
            f"column {column!r}: the list has {len(found)} elements, counted from 0",
            "fill it",
            reason,
        )
    return found[int(part)]


def refuse_unencodable(text: str, location: str) -> None:
    """Refuse a text that no UTF-8 file of text can hold.

    Raises:
        RowError: it holds a NUL character or half a surrogate pair.
    """
    if "\0" in text:
        raise RowError(
            f"{location} holds a NUL character at character {text.index(chr(0))}; it must be text, not bytes"
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RowError(
            f"{location} holds half a surrogate pair at character {error.start}; correct the escape"
        ) from error


def empty_cell(column: str, reason: SkipReason = "empty") -> RowError:
    """The error for an empty column."""
    return RowError(f"column {column!r} is empty", "fill it", reason)
