"""Values of one row's columns, and the error for a row that cannot become an example."""

from collections.abc import Mapping
from typing import Any

from keepfaith.config.errors import nearest
from keepfaith.config.schema import SkipReason


class RowError(ValueError):
    """A row cannot become an example: what is wrong, without the place, which the caller knows.

    Attributes:
        problem: what is wrong.
        cure: what to do about it, as far as there is more to say.
        reason: the `skip` under which the row may be left out; None where the fault is not the row's alone.
        no_column: the column is not there at all, so its name may be wrong.
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
    """The value of a column, or of one nested in another: a.b.

    Args:
        row: column values.
        column: its name.
        reason: the `skip` that leaves a row without it out.

    Raises:
        RowError: there is no such column, or it holds nothing.
    """
    found: Any = row
    # A column whose own name holds a dot goes first.
    for part in [column] if column in row else column.split("."):
        if found is None:
            break
        if not isinstance(found, Mapping) or part not in found:
            known = [str(key) for key in found] if isinstance(found, Mapping) else []
            raise RowError(
                f"no column {column!r}{nearest(part, known)}", reason=reason, no_column=True
            )
        found = found[part]
    if found is None:
        raise empty_cell(column, reason)
    return found


def empty_cell(column: str, reason: SkipReason = "empty") -> RowError:
    """The refusal of a column that holds nothing."""
    return RowError(f"column {column!r} is empty", "fill it", reason)
