"""Values of a row's columns, and the error for a row that cannot become an example."""

from collections.abc import Mapping
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
    """The value of a column, or of one nested in another: a.b.

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
    """The error for an empty column."""
    return RowError(f"column {column!r} is empty", "fill it", reason)
