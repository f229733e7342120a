"""Rows that a source's `only` keeps."""

from collections.abc import Mapping
from typing import Any

from keepfaith.config.cells import RowError, value
from keepfaith.config.errors import shown
from keepfaith.config.labels import spellings
from keepfaith.config.schema import TableSource


def not_selected(row: Mapping[str, Any], source: TableSource) -> str | None:
    """Why `only` leaves a row out, in words; None if it keeps it. A column that is empty has none of the values.

    Raises:
        RowError: there is no such column.
    """
    for column, values in source.only.items():
        try:
            found = value(row, column)
        except RowError as error:
            if error.no_column:
                raise RowError(f"only: {error.problem}") from error
            return f"column {column!r} is empty"
        kept = {text for each in values for text in spellings(each)}
        if kept.isdisjoint(spellings(found)):
            return f"column {column!r} has {shown(found)}, which is not one of {list(values)}"
    return None
