"""Labels: the choice that a row's label names, in any notation of a source."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

from keepfaith.config.cells import RowError, value
from keepfaith.config.errors import nearest, shown
from keepfaith.config.schema import TableSource

NO_LABEL = ("", "-", "-1")
"""Values that mean no label in data sets, besides null and NaN; - is SNLI's, -1 that of the hub."""

_WHOLE = re.compile(r"(-?[0-9]+)(\.0+)?")


def read_label(row: Mapping[str, Any], source: TableSource, options: tuple[str, ...]) -> int:
    """The index of the correct choice, from a number or a name.

    Raises:
        RowError: there is no label, or it names no choice.
    """
    found = value(row, source.label, "unlabelled")
    number = _whole(found)
    if source.label_map is not None:
        return _mapped(found, source.label_map, source.label, len(options))
    names = None if source.label_names is None else _names(row, source.label_names, len(options))
    if names is not None:
        for text in spellings(found):
            if text in names:
                return names.index(text)
    elif number is not None and _is_option(found, number, len(options)):
        return number
    raise _refused_label(f"column {source.label!r}: label {shown(found)}", found, names, options)


def spellings(found: Any) -> list[str]:
    """The texts that a value of a column is compared by: as written, and as a whole number if it is one.

    1.0 is the same as 1: many programs turn a column of integers with a gap into one of floats.

    >>> spellings(" 1.0 "), spellings("no")
    (['1.0', '1'], ['no'])
    """
    number = _whole(found)
    return [_plain(found), *([] if number is None else [str(number)])]


def _mapped(found: Any, choices: Mapping[str, int], column: str, count: int) -> int:
    """The choice that `label_map` gives a label."""
    known = {text: choice for value, choice in choices.items() for text in spellings(value)}
    for text in spellings(found):
        if text in known:
            if known[text] >= count:
                raise RowError(
                    f"label_map: choice {known[text]} of {shown(found)} lies outside the {count} choices "
                    f"(0 to {count - 1})"
                )
            return known[text]
    location = f"column {column!r}: label {shown(found)}"
    if is_no_label(found):
        raise RowError(f"{location} is not in label_map", "fill it", "unlabelled")
    raise RowError(
        f"{location} is not in label_map{nearest(_plain(found), list(choices))}; add it there, or leave such rows out "
        f"by only: {{{column}: [{', '.join(choices)}]}}"
    )


def is_no_label(found: Any) -> bool:
    """Whether a value means no label."""
    return _plain(found) in NO_LABEL or _whole(found) == -1 or found != found  # NaN alone


def _is_option(found: Any, number: int, count: int) -> bool:
    """Whether a label is one of `count` choices; true and false count where there are two."""
    return 0 <= number < count and (count == 2 or not isinstance(found, bool))


def _refused_label(
    location: str, found: Any, names: list[str] | None, options: tuple[str, ...]
) -> RowError:
    """The error for a label that is not a choice's number or name."""
    text, number, count = _plain(found), _whole(found), len(options)
    outside = f"{location} lies outside the {count} choices (0 to {count - 1})"
    if is_no_label(found):
        return RowError(outside, "fill it", "unlabelled")
    if names is not None:
        return RowError(f"{location} names none of the choices {names}{nearest(text, names)}")
    if number is None:
        return RowError(
            f"{location} is not a number from 0; name the choices by label_names in the task's source"
        )
    if isinstance(found, bool):
        return RowError(
            f"{location} is true or false, but there are {count} choices; name them by label_names"
        )
    return RowError(outside)


def _whole(found: Any) -> int | None:
    """A whole number in any notation: 1, true, 1.0, or the cell " 1 " of a CSV file; else None."""
    if isinstance(found, Integral):
        return int(found)
    if isinstance(found, float) and found.is_integer():
        return int(found)
    if isinstance(found, str) and (match := _WHOLE.fullmatch(found.strip())):
        return int(match[1]) if len(match[1]) < 20 else None
    return None


def _plain(name: object) -> str:
    """A name without surrounding blanks and with composed letters (NFC): ü is always one character."""
    return unicodedata.normalize("NFC", str(name).strip())


def _names(row: Mapping[str, Any], named: str | tuple[str, ...], count: int) -> list[str]:
    """Names of the `count` choices in the label column, in their order."""
    names = named if isinstance(named, tuple) else value(row, named)
    if isinstance(names, str) or not isinstance(names, Sequence) or len(names) != count:
        raise RowError(f"label_names {shown(names)} do not name the {count} choices one by one")
    known = [_plain(name) for name in names]
    if len(set(known)) < len(known):
        raise RowError(f"label_names {shown(names)} contain the same name twice; make them differ")
    return known
