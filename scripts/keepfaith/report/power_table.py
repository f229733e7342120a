"""What the texts of a study can decide: a table per task and quantity, and the open margins of one cell in words."""

from collections.abc import Iterator

import polars as pl

from keepfaith.config.levels import level_words
from keepfaith.figures.labels import method_name, quantity_name
from keepfaith.report.tables import UNKNOWN, PageTable, TableCell, number
from keepfaith.statistics.verdict import HARMED, UNDECIDED, nothing_to_lose

_MEASURED = pl.col("decidable").is_not_null()
_DECIDED = pl.col("decidable") <= pl.col("margin")


def power_table(verdicts: pl.DataFrame) -> PageTable | None:
    """One row per task and judged quantity, over all cases: models, orders, methods and levels; None without intervals.

    Args:
        verdicts: VERDICT of all cells, with leading columns model, order and task.
    """
    measured = verdicts.filter(_MEASURED)
    if measured.is_empty():
        return None
    groups = measured.group_by("task", "quantity", maintain_order=True)
    rows = tuple(
        tuple(map(TableCell, (str(task), quantity_name(str(name)), *_fields(rows))))
        for (task, name), rows in groups
    )
    header = (
        "Task",
        "Quantity",
        "Independent texts",
        "Measured spread",
        "Smallest margin decidable",
        "Margin",
        "Margin decidable",
        "Degradation would be found from",
    )
    return PageTable("What each task can decide", header, rows)


def _fields(rows: pl.DataFrame) -> Iterator[str]:
    """The columns after the names, of the levels of one task and quantity."""
    yield _range(rows["clusters"], 0)
    yield _range(rows["spread"], 2)
    yield _range(rows["decidable"])
    yield _listed_margins(rows["margin"])
    yield _decidable(rows)
    yield _range(rows["detectable"])


def _decidable(rows: pl.DataFrame) -> str:
    """Whether the margin is decidable, in how many of the cases, and what it would take in the others."""
    decided = rows.filter(_DECIDED, ~nothing_to_lose()).height
    if decided == rows.height:
        return "yes"
    parts = [f"in {decided} of {rows.height} cases" if decided else "no"]
    fewest = rows.filter(~_DECIDED)["enough"].min()
    if isinstance(fewest, int):
        parts.append(f"takes {fewest:,} texts or more")
    if lost := rows.filter(nothing_to_lose()).height:
        parts.append(
            "too little to lose"
            + ("" if lost == rows.height else f" in {lost} of {rows.height} cases")
        )
    return "; ".join(parts)


def _range(values: pl.Series, digits: int = 3) -> str:
    """`0.021 to 0.034`, or one number where both ends look alike."""
    low, high = values.min(), values.max()
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return UNKNOWN
    ends = [number(float(end), digits) for end in (low, high)]
    return " to ".join(dict.fromkeys(ends))


def _listed_margins(margins: pl.Series) -> str:
    return ", ".join(f"{margin:g}" for margin in margins.unique().sort())


def open_margins(verdict: pl.DataFrame) -> list[str]:
    """Quantities whose margin this cell's texts cannot decide, at levels that are open, in one sentence; else none.

    A level is open if it is undecided or harmed. Of a quantity for which the verdict gives a reason at some level, such
    as too few texts for a rare large harm, that reason is said elsewhere, and nothing here.
    """
    names = ["quantity", "method"]
    reasoned = verdict.filter(pl.col("reason").is_not_null(), pl.col("harm").is_not_null())
    verdict = verdict.join(
        reasoned.select(names).unique(),
        on=names,
        how="anti",
        nulls_equal=True,
        maintain_order="left",
    )
    open_ = verdict.filter(
        _MEASURED,
        ~_DECIDED,
        ~nothing_to_lose(),
        pl.col("status").is_in([UNDECIDED, HARMED]),
        pl.col("reason").is_null(),
    )
    if open_.is_empty():
        return []
    said = [
        _open_margin(str(name), rows)
        for (name,), rows in open_.group_by("quantity", maintain_order=True)
    ]
    return [
        "Too few texts to decide the margin, with 80 % power if there is no harm: "
        f"{'; '.join(said)}."
    ]


def _open_margin(name: str, rows: pl.DataFrame) -> str:
    """`accuracy at level 4 (margin 0.02: at least 0.053 can be decided, 1,963 texts or more would decide it)`."""
    methods = rows["method"].drop_nulls().unique(maintain_order=True).to_list()
    listed = f" of {', '.join(map(method_name, methods))}" if methods else ""
    levels = rows["level"].unique().sort().to_list()
    at = f"{'level' if len(levels) == 1 else 'levels'} {level_words(levels)}"
    least = rows.row(rows["decidable"].arg_min() or 0, named=True)
    takes = (
        "" if least["enough"] is None else f", {least['enough']:,} texts or more would decide it"
    )
    return (
        f"{quantity_name(name)}{listed} at {at} (margin {least['margin']:g}: {least['clusters']:,} texts can decide "
        f"{least['decidable']:.3f} at best{takes})"
    )
