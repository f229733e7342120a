"""Tables of many cells combined, for programs (Parquet) and for spreadsheets (CSV)."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path

import polars as pl
import polars.selectors as cs

CELL_KEYS = ("model", "order", "task")


def stacked(
    frames: Iterable[tuple[str, pl.DataFrame]], keys: Sequence[str] = CELL_KEYS
) -> pl.DataFrame:
    """All frames concatenated, with the keys of each one's cell in front.

    Args:
        frames: pairs of a cell, `model/order` or `model/order/task`, and its table.
        keys: names of the elements of a cell, from the left.
    """
    return pl.concat(
        frame.select(
            *(pl.lit(part).alias(key) for key, part in zip(keys, cell.split("/"), strict=False)),
            pl.all(),
        )
        for cell, frame in frames
    )


def shares(paths: Sequence[str], count: int) -> list[Sequence[str]]:
    """Split `paths`, sorted by cell, into `count` lists of equal length, one per cell.

    Raises:
        ValueError: the number of paths is not a multiple of `count`.

    Examples:
        >>> shares(["a/x", "a/y", "b/x", "b/y"], 2)
        [['a/x', 'a/y'], ['b/x', 'b/y']]
        >>> shares([], 2)
        [[], []]
    """
    each, rest = divmod(len(paths), count)
    if rest:
        raise ValueError(f"{len(paths)} files are not equally many for each of {count} cells")
    return [paths[cell * each : (cell + 1) * each] for cell in range(count)]


def by_folder(paths: Iterable[Path], parts: int = 3) -> dict[str, dict[str, Path]]:
    """Paths by the last elements of their folder, then by stem; folders may hold different files.

    Examples:
        >>> by_folder([Path("figures/m/o/t/ece.svg")])
        {'m/o/t': {'ece': PosixPath('figures/m/o/t/ece.svg')}}
    """
    found: dict[str, dict[str, Path]] = {}
    for path in paths:
        found.setdefault("/".join(path.parent.parts[-parts:]), {})[path.stem] = path
    return found


def portions(paths: Sequence[str], counts: Sequence[int]) -> list[Sequence[str]]:
    """Split `paths`, sorted by cell, into one list per cell, of `counts` each.

    Examples:
        >>> portions(["a/x", "a/y", "c/x"], [2, 0, 1])
        [['a/x', 'a/y'], [], ['c/x']]
    """
    ends = list(accumulate(counts))
    return [paths[end - count : end] for end, count in zip(ends, counts, strict=True)]


def csv_text(frame: pl.DataFrame) -> str:
    """CSV that a spreadsheet reads as text and numbers, never as formulas; columns of lists are left out.

    A text cell that starts with a character which spreadsheets read as a formula gets an apostrophe in front
    (OWASP, "CSV injection").
    """
    formula = r"^([=+\-@\t\r])"
    flat = frame.select(cs.exclude(cs.list()))
    return flat.with_columns(pl.col(pl.String).str.replace(formula, "'$1")).write_csv()
