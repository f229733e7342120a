"""Reading of local tables: JSON lines, CSV, TSV, Parquet. Values stay as written in the file.

The JSON and CSV readers of `datasets` infer types over a whole column: dates become time stamps, digits become
numbers, "NA" becomes null. Text of a prompt must stay unchanged.
"""

import csv
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from keepfaith.config.errors import ConfigError, nearest, shown
from keepfaith.config.places import unexpanded

ROW_FORMATS = (".jsonl", ".csv", ".tsv", ".parquet")
_GZIP = b"\x1f\x8b"
_BROKEN = (gzip.BadGzipFile, EOFError, zlib.error)

LONGEST_CELL = 10_000_000
"""Characters of a CSV cell; Python's limit is 131,072. No model admits more; a longer cell means an unclosed quote."""


def read_rows(path: str | Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (location such as "line 3", row) for every row of a table.

    Raises:
        ConfigError: the file is missing, of another format, empty, not UTF-8, or broken; with the line.
    """
    path = Path(path)
    if path.suffix not in ROW_FORMATS:
        raise ConfigError(path, f"unknown format {path.suffix!r}; use {', '.join(ROW_FORMATS)}")
    existing(path)
    empty = True
    for location, row in rows_as_they_stand(path, path.suffix):
        empty = False
        yield location, row
    if empty:
        raise ConfigError(path, "holds no rows; check that it was written to the end")


def rows_as_they_stand(path: Path, suffix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of an existing file read as one of `ROW_FORMATS`, whatever its name; there may be none.

    Text files are read line by line, so the first rows of a large one cost little.

    Raises:
        ConfigError: it may not be read, is not UTF-8, or broken; with the line.
    """
    readers = {".jsonl": _json_lines, ".csv": _csv, ".tsv": _tsv, ".parquet": _parquet}
    try:
        yield from readers[suffix](path)
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> ConfigError:
    """A file that the operating system does not give."""
    cure = "check its permissions" if isinstance(error, PermissionError) else "copy it again"
    return ConfigError(path, f"cannot be read ({error.strerror or error}); {cure}")


def opened(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked where its name ends in .gz."""
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def existing(path: Path) -> None:
    """Refuse a path that is not a file, with the closest name beside it."""
    if path.is_file():
        return
    if not path.parent.is_dir():
        raise ConfigError(
            path,
            f"no such file: there is no folder {path.parent}{unexpanded(path)}; check folders.data",
        )
    beside = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    raise ConfigError(
        path, f"no such file in {path.parent}{unexpanded(path)}{nearest(path.name, beside)}"
    )


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file, without a byte order mark.

    Raises:
        ConfigError: it may not be read, or is not UTF-8; with the line.
    """
    path = Path(path)
    try:
        with opened(path) as file:
            content = file.read()
    except _BROKEN as error:
        raise _cut(path, error) from error
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _no_utf8(path, line) from error


def _json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        yield from _json_rows(path)
    except _BROKEN as error:
        raise _cut(path, error) from error


def _json_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    # Lines of bytes end at a line feed alone; str.splitlines also splits at characters inside a JSON string.
    with opened(path) as handle:
        for number, content in enumerate(handle, start=1):
            try:
                line = content.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise _no_utf8(path, number) from error
            if not line.strip():
                continue
            try:
                row = json.loads(line, object_pairs_hook=_distinct_keys)
            except _KeyTwiceError as error:
                raise ConfigError(
                    path,
                    f"line {number}: the key {shown(error.args[0])} occurs twice in one object; delete one of the two",
                ) from error
            except (ValueError, RecursionError) as error:
                read_text(path)  # raises where the file is not text at all
                raise ConfigError(
                    path, f"line {number}: broken JSON ({error}); correct that line"
                ) from error
            if not isinstance(row, dict):
                raise ConfigError(
                    path, f"line {number}: expected an object {{...}}, got {shown(row)}"
                )
            yield f"line {number}", row


def _cut(path: Path, error: Exception) -> ConfigError:
    return ConfigError(path, f"is not a complete gzip file ({error}); copy it again")


class _KeyTwiceError(ValueError):
    """A JSON object has a key twice, of which readers silently take one; the argument is the key."""


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _KeyTwiceError(next(key for key in keys if keys.count(key) > 1))
    return found


def _no_utf8(path: Path, line: int) -> ConfigError:
    with path.open("rb") as file:
        if file.read(2) == _GZIP:
            return ConfigError(path, "is packed with gzip; gunzip it")
    return ConfigError(path, f"line {line}: is not UTF-8 text; save the file as UTF-8")


def _csv(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    return _separated(path, ",", "comma")


def _tsv(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    return _separated(path, "\t", "tab")


def _separated(path: Path, separator: str, word: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            yield from _csv_rows(path, handle, separator, word)
    except UnicodeDecodeError:
        read_text(path)  # raises, with the line
        raise


def _csv_rows(
    path: Path, lines: Iterable[str], separator: str, word: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(lines, strict=True, delimiter=separator)
    header: list[str] = []
    begins = 1
    try:
        for cells in reader:
            location, begins = f"line {reader.line_num}", reader.line_num + 1
            if not cells:
                continue
            if not header:
                header = cells
                if len(set(header)) < len(header):
                    raise ConfigError(
                        path, f"{location}: two columns have the same name in {header}; rename one"
                    )
                continue
            if len(cells) != len(header):
                raise ConfigError(
                    path,
                    f"{location}: {len(cells)} cells for {len(header)} columns; quote cells that contain a {word}",
                )
            yield location, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise ConfigError(path, _broken_csv(begins, reader.line_num, str(error))) from error


def _broken_csv(begins: int, ends: int, error: str) -> str:
    """The problem of the row on these lines."""
    if "field larger" in error:
        error = f"a cell has more than {LONGEST_CELL:,} characters"
    if ends <= begins:
        return f"line {ends}: broken CSV ({error}); correct that line"
    return f"line {ends}: broken CSV ({error}) in the row that starts on line {begins}; close its quotes"


def _parquet(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    from polars.exceptions import PolarsError

    from keepfaith.artifacts.frames import read_parquet

    try:
        frame = read_parquet(path)
    except PermissionError:
        raise
    except (OSError, PolarsError) as error:
        raise ConfigError(
            path, f"is not a readable Parquet file ({error}); write it again"
        ) from error
    for number, row in enumerate(frame.iter_rows(named=True), start=1):
        yield f"row {number}", row
