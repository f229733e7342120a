"""Reading local tables: JSON lines, CSV, Parquet. Values arrive as they stand in the file.

The JSON and CSV readers of `datasets` guess types over a whole column: a column of dates turns into time
stamps, one of digits into numbers, "NA" into nothing. Text that goes into a prompt must not be guessed at.
"""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keepfaith.config.errors import ConfigError, nearest, shown

FORMATS = (".jsonl", ".csv", ".parquet")


def read_rows(path: str | Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (place such as "line 3", row) for every row of a table.

    Raises:
        ConfigError: the file is missing, of another format, empty, not UTF-8, or broken; with the line.
    """
    path = Path(path)
    readers = {".jsonl": _json_lines, ".csv": _csv, ".parquet": _parquet}
    if path.suffix not in readers:
        raise ConfigError(path, f"unknown format {path.suffix!r}; use {', '.join(FORMATS)}")
    existing(path)
    empty = True
    for place, row in readers[path.suffix](path):
        empty = False
        yield place, row
    if empty:
        raise ConfigError(path, "holds no rows; check that it was written to the end")


def existing(path: Path) -> None:
    """Refuse a path that is no file, naming the nearest one beside it."""
    if path.is_file():
        return
    if not path.parent.is_dir():
        raise ConfigError(
            path, f"no such file: there is no folder {path.parent}; check folders.data"
        )
    beside = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    raise ConfigError(path, f"no such file in {path.parent}{nearest(path.name, beside)}")


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file, without a byte order mark.

    Raises:
        ConfigError: it is no UTF-8; with the line.
    """
    path = Path(path)
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(path, f"line {line}: is no UTF-8 text; save the file as UTF-8") from error


def _json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    # Not str.splitlines, which also splits at characters that may stand inside a JSON string.
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ConfigError(
                path, f"line {number}: broken JSON ({error}); mend that line"
            ) from error
        if not isinstance(row, dict):
            raise ConfigError(path, f"line {number}: expected an object {{...}}, got {shown(row)}")
        yield f"line {number}", row


def _csv(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    header: list[str] = []
    try:
        for cells in reader:
            place = f"line {reader.line_num}"
            if not cells:
                continue
            if not header:
                header = cells
                if len(set(header)) < len(header):
                    raise ConfigError(
                        path, f"{place}: two columns have the same name in {header}; rename one"
                    )
                continue
            if len(cells) != len(header):
                raise ConfigError(
                    path,
                    f"{place}: {len(cells)} cells for {len(header)} columns; quote cells that hold a comma",
                )
            yield place, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise ConfigError(
            path, f"line {reader.line_num}: broken CSV ({error}); mend that line"
        ) from error


def _parquet(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    import polars as pl

    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ConfigError(path, f"is no readable Parquet file ({error}); write it again") from error
    for number, row in enumerate(frame.iter_rows(named=True), start=1):
        yield f"row {number}", row
