"""Reading of a log's entries: one JSON object per line, or the single JSON list of versions before 0.4.3.

Either may be packed with gzip.
"""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keepfaith.config.errors import ConfigError, shown
from keepfaith.config.files import existing, opened, read_rows, read_text, rows_as_they_stand

PACKED = ".gz"
"""Suffix of a log packed with gzip; it is read without unpacking it on disk."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def is_list(path: Path) -> bool:
    """Whether a file starts as a JSON list does; an unreadable one does not."""
    try:
        with opened(path) as file:
            start = file.read(4096)
    except (OSError, EOFError, zlib.error):
        return False
    return start.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(b"[")


def read_entries(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (line on which it starts, such as "line 3", entry) for every entry of a log.

    Raises:
        ConfigError: the file is missing, empty, not UTF-8, or broken; with the line.
    """
    existing(path)
    if is_list(path):
        yield from _of_list(path, read_text(path))
    elif path.suffix == PACKED:
        yield from _not_empty(path, rows_as_they_stand(path, ".jsonl"))
    else:
        yield from read_rows(path)


def _not_empty(
    path: Path, rows: Iterator[tuple[str, dict[str, Any]]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    first = next(rows, None)
    if first is None:
        raise ConfigError(path, "holds no rows; check that it was written to the end")
    yield first
    yield from rows


def _of_list(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    # Decoded entry by entry, as json.loads of the whole would not tell the line of an entry.
    decoder = json.JSONDecoder()
    position = _skip(text, text.index("[") + 1, "")
    line, counted = 1, 0
    if text[position : position + 1] == "]":
        raise ConfigError(path, "holds no rows; check that it was written to the end")
    while True:
        line, counted = line + text.count("\n", counted, position), position
        location = f"line {line}"
        if position == len(text):
            raise ConfigError(
                path, f"{location}: the list ends without a ]; copy the whole log again"
            )
        try:
            entry, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            raise ConfigError(
                path, f"{location}: broken JSON ({error}); copy the whole log again"
            ) from error
        if not isinstance(entry, dict):
            raise ConfigError(path, f"{location}: expected an object {{...}}, got {shown(entry)}")
        yield location, entry
        position = _skip(text, end, "")
        if text[position : position + 1] == "]":
            break
        if text[position : position + 1] not in (",", ""):
            line += text.count("\n", counted, position)
            raise ConfigError(path, f"line {line}: broken JSON (no comma between two entries)")
        position = _skip(text, position, ",")
    if rest := text[position + 1 :].strip():
        raise ConfigError(
            path, f"holds {shown(rest)} after the end of its list; copy the whole log again"
        )


def _skip(text: str, position: int, sign: str) -> int:
    """The position after an optional `sign` and white space."""
    position += len(sign) if text.startswith(sign, position) else 0
    while text[position : position + 1].isspace():
        position += 1
    return position
