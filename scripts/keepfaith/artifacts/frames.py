"""Table files, read and written by polars, with every path taken literally.

Polars interprets `[`, `?` and `*` in a path as a pattern, a leading `~` as the home folder, and a leading `file:` as an
address, and may silently read another file. An absolute path read without `glob` is taken literally, so all reading and
writing by polars goes through this module.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl


def read_parquet(path: str | Path) -> pl.DataFrame:
    """The rows of one Parquet file.

    Raises:
        OSError, polars.exceptions.PolarsError: it is missing or not Parquet.
    """
    return pl.read_parquet(Path(path).absolute(), glob=False)


def read_parquet_metadata(path: str | Path) -> dict[str, str]:
    """The notes in the footer of one Parquet file. Raises as `read_parquet`."""
    return pl.read_parquet_metadata(Path(path).absolute())


def count_parquet_rows(path: str | Path) -> int:
    """Number of rows of one Parquet file, from its footer. Raises as `read_parquet`."""
    frame = pl.scan_parquet(Path(path).absolute(), glob=False)
    return int(frame.select(pl.len()).collect().item())


def read_csv(path: str | Path) -> pl.DataFrame:
    """The rows of one CSV file, with the types that polars finds in them.

    Raises:
        OSError, polars.exceptions.PolarsError: it is missing or not CSV.
    """
    return pl.read_csv(Path(path).absolute(), glob=False)


def write_parquet(
    frame: pl.DataFrame, path: str | Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write one Parquet file with `metadata` as notes in its footer."""
    frame.write_parquet(Path(path).absolute(), metadata=dict(metadata) if metadata else None)
