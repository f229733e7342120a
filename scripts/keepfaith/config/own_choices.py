"""A row's own choices: from the column with their list, or from one column per choice."""

from collections.abc import Mapping, Sequence
from typing import Any

from keepfaith.config.cells import RowError, empty_cell, refuse_unencodable, value
from keepfaith.config.errors import shown
from keepfaith.config.passages import is_blank


def own_choices(
    row: Mapping[str, Any],
    columns: str | tuple[str, ...] | None,
    distinct: bool,
    as_they_stand: bool,
) -> tuple[str, ...]:
    """The choices of a row.

    Args:
        row: column values.
        columns: the column with their list, or one column per choice.
        distinct: refuse equal choices.
        as_they_stand: keep the white space around a choice; choices that differ in it alone are then two.

    Raises:
        RowError: a column is missing, or the choices are fewer than two, empty, equal or no text.
    """
    if isinstance(columns, tuple):
        location = f"columns {list(columns)}"
        found: Any = [value(row, column) for column in columns]
    else:
        location = f"column {columns!r}"
        found = value(row, str(columns))
    if isinstance(found, str) or not isinstance(found, Sequence):
        raise RowError(
            f"{location} must be a list of choices, got {shown(found)}; where every choice has a column of its own, "
            "type options: with a list of those columns"
        )
    if not found:
        raise empty_cell(str(columns))
    options = [_choice(option, location) for option in found]
    compared = options if as_they_stand else [option.strip() for option in options]
    if len(options) < 2:
        raise RowError(
            f"{location} has {len(options)} choices",
            "there must be at least two: add the others",
            "single_option",
        )
    if distinct and len(set(compared)) < len(compared):
        twice = next(option for option in compared if compared.count(option) > 1)
        raise RowError(
            f"{location} has the choice {shown(twice)} twice",
            "a label could not tell the two apart: change one",
            "equal_options",
        )
    return tuple(compared)


def _choice(option: object, location: str) -> str:
    if option is None or (isinstance(option, str) and is_blank(option)):
        raise RowError(
            f"{location} has the choice {shown(option)}",
            "a choice must be text and not empty: fill it",
            "empty",
        )
    if not isinstance(option, str):
        raise RowError(
            f"{location} has the choice {shown(option)}; a choice must be text and not empty"
        )
    refuse_unencodable(option, location)
    return option
