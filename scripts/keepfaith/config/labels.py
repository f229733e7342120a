"""Labels: which option a row's label names, however the source writes it."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

from keepfaith.config.cells import RowError, value
from keepfaith.config.errors import nearest, shown
from keepfaith.config.schema import TableSource

NO_LABEL = ("", "-", "-1")
"""How data sets write that a row has no label, besides null and NaN; - is SNLI's, -1 that of the hub."""

_WHOLE = re.compile(r"(-?[0-9]+)(\.0+)?")


def read_label(row: Mapping[str, Any], source: TableSource, options: tuple[str, ...]) -> int:
    """The number of the right option, from a number or a name.

    Raises:
        RowError: there is no label, or it is no option's.
    """
    found = value(row, source.label, "unlabelled")
    number = _whole(found)
    names = None if source.label_names is None else _names(row, source.label_names, len(options))
    if names is not None:
        # 1.0 names what 1 names: a column of whole numbers with a gap becomes one of fractions in many programs.
        written = [_plain(found), *([] if number is None else [str(number)])]
        for text in written:
            if text in names:
                return names.index(text)
    elif number is not None and _is_option(found, number, len(options)):
        return number
    raise _refused_label(f"column {source.label!r}: label {shown(found)}", found, names, options)


def _is_option(found: Any, number: int, count: int) -> bool:
    """Whether a label is one of `count` options; true and false are so where there are two."""
    return 0 <= number < count and (count == 2 or not isinstance(found, bool))


def _refused_label(
    location: str, found: Any, names: list[str] | None, options: tuple[str, ...]
) -> RowError:
    """Why a label is no option's number or name."""
    text, number, count = _plain(found), _whole(found), len(options)
    outside = f"{location} lies outside the {count} options (0 to {count - 1})"
    if text in NO_LABEL or number == -1 or found != found:  # NaN alone is not equal to itself
        return RowError(outside, "fill it", "unlabelled")
    if names is not None:
        return RowError(f"{location} names none of the options {names}{nearest(text, names)}")
    if number is None:
        return RowError(
            f"{location} is no number from 0; name the options by label_names in the task's source"
        )
    if isinstance(found, bool):
        return RowError(
            f"{location} is true or false, but there are {count} options; name them by label_names"
        )
    return RowError(outside)


def _whole(found: Any) -> int | None:
    """A whole number, however it is written: 1, true, 1.0, or the cell " 1 " of a CSV file; else None."""
    if isinstance(found, Integral):
        return int(found)
    if isinstance(found, float) and found.is_integer():
        return int(found)
    if isinstance(found, str) and (match := _WHOLE.fullmatch(found.strip())):
        return int(match[1]) if len(match[1]) < 20 else None
    return None


def _plain(name: object) -> str:
    """A name without blanks around it, its letters composed: ü is one letter, however it was typed."""
    return unicodedata.normalize("NFC", str(name).strip())


def _names(row: Mapping[str, Any], named: str | tuple[str, ...], count: int) -> list[str]:
    """How the label column names the `count` options, in their order."""
    names = named if isinstance(named, tuple) else value(row, named)
    if isinstance(names, str) or not isinstance(names, Sequence) or len(names) != count:
        raise RowError(f"label_names {shown(names)} do not name the {count} options one by one")
    known = [_plain(name) for name in names]
    if len(set(known)) < len(known):
        raise RowError(f"label_names {shown(names)} have the same name twice; make them differ")
    return known
