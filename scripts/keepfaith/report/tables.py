"""Tables of a cell by level: quantities of the model, and of its explanations per method."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import method_name
from keepfaith.figures.reach import of_quantity
from keepfaith.plugins.quantity import Quantity, ordered_quantities


@dataclass(frozen=True)
class TableCell:
    """Text of one table field, with the verdict's status if it shows a judged quantity.

    `beyond` is the confidence that the harm exceeds the margin, as a percentage in words.
    """

    text: str
    status: str | None = None
    beyond: str | None = None


@dataclass(frozen=True)
class PageTable:
    """A table as the page writes it; the first field of a row is its heading. A folded table opens at its title."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    folded: bool = False


UNKNOWN = "n/a"


def number(value: float | None, digits: int = 3) -> str:
    """A value with fixed digits; `n/a` if there is none. A rounded zero has no sign."""
    if value is None:
        return UNKNOWN
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def factor_words(factor: float) -> str:
    """`12`; below 2 with one digit more, as `1.2`, which would else be no more than once.

    >>> factor_words(12.4), factor_words(1.23)
    ('12', '1.2')
    """
    return f"{factor:.{0 if factor >= 2 else 1}f}"


def percentage(share: float | None) -> str | None:
    """`12 %`; `<1 %` and `>99 %` where rounding would make a certainty of it; None if there is none.

    Examples:
        >>> [percentage(share) for share in (0.124, 0.0004, 0.9996, None)]
        ['12 %', '<1 %', '>99 %', None]
    """
    if share is None:
        return None
    return "<1 %" if share < 0.005 else ">99 %" if share > 0.995 else f"{100 * share:.0f} %"


def span(low: float | None, high: float | None) -> str:
    """`0.87 to 0.92`, or `n/a`; one number where both are the same."""
    if low is None or high is None:
        return UNKNOWN
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def model_table(tables: CellTables) -> PageTable:
    """Per level: the dropped layers or the checkpoint, and every quantity of the model that has values or is judged.

    Where neither is known, as of imported logs, the level alone.
    """
    dropped, names = tables.dropped(), tables.names
    known = bool(names) or tables.order.height > 0
    measured, judged = tables.quantities(explained=False), set(tables.verdict["quantity"])
    quantities = {
        name: each
        for name, each in ordered_quantities().items()
        if name in measured or (not each.explained and name in judged)
    }
    columns = [_columns(tables, name, each) for name, each in quantities.items()]
    rows = tuple(
        (
            level_cell(level),
            *(
                [TableCell(names.get(level) or ", ".join(dropped[level]) or "none")]
                if known
                else []
            ),
            *(cell for of_level in columns for cell in of_level[level]),
        )
        for level in tables.levels
    )
    made = "Checkpoint" if names else "Dropped at this level (layer)"
    header = ("Level", *([made] if known else []), *_headings(quantities.values()))
    return PageTable(_titled("The model", tables.counted("accuracy")), header, rows)


def explanation_table(tables: CellTables) -> PageTable | None:
    """Per method and level: faithfulness with its seed band, overlap with dense and its floor; None without methods."""
    if not tables.methods:
        return None
    tops = tables.overlap["top"].unique().sort().to_list()
    top = 10 if 10 in tops else (tops[len(tops) // 2] if tops else None)
    measured = tables.quantities(explained=True)
    judged = set(tables.verdict["quantity"])
    quantities = {
        name: each
        for name, each in ordered_quantities().items()
        if name in measured or (each.explained and name in judged)
    }
    rows: list[tuple[TableCell, ...]] = []
    for method in tables.methods:
        columns = [_columns(tables, name, each, method) for name, each in quantities.items()]
        rows += [
            (
                TableCell(method_name(method)),
                level_cell(level),
                *(cell for of_level in columns for cell in of_level[level]),
                *(_overlap(tables, method, level, top) if top else ()),
            )
            for level in tables.levels
        ]
    header = (
        "Method",
        "Level",
        *_headings(quantities.values()),
        *((f"Top-{top} overlap with dense", "Seed floor", "Chance") if top else ()),
    )
    metrics = ("segment_faithfulness", "comprehensiveness_study")
    counted = next(filter(None, (tables.counted(name, tables.methods[0]) for name in metrics)), "")
    return PageTable(
        _titled("Its explanations", f"faithfulness: {counted}" if counted else ""),
        header,
        tuple(rows),
    )


def _titled(title: str, counted: str) -> str:
    return f"{title} ({counted})" if counted else title


def level_cell(level: int) -> TableCell:
    """The heading of a level's row."""
    return TableCell(str(level) if level else "0 (dense)")


def _headings(quantities: Iterable[Quantity]) -> Iterator[str]:
    for quantity in quantities:
        yield quantity.column
        if quantity.beside:
            yield quantity.beside.heading


def _columns(
    tables: CellTables, name: str, quantity: Quantity, method: str | None = None
) -> dict[int, tuple[TableCell, ...]]:
    """By level the value with its status, and the columns beside it."""
    series = tables.series(quantity.metric, method).iter_rows(named=True)
    found = {row["level"]: row for row in series}
    judged = of_quantity(tables.verdict, name, method).select("level", "status", "beyond_margin")
    status = {level: (mark, percentage(share)) for level, mark, share in judged.iter_rows()}
    cells = {}
    for level in tables.levels:
        row = found.get(level, {})
        value = TableCell(number(row.get("value")), *status.get(level, (None, None)))
        beside = quantity.beside
        between = (TableCell(span(row.get(beside.low), row.get(beside.high))),) if beside else ()
        cells[level] = (value, *between)
    return cells


def _overlap(tables: CellTables, method: str, level: int, top: int) -> list[TableCell]:
    """Overlap with the dense level, its floor between seeds, and chance."""
    pairs = tables.overlap.filter(
        pl.col("method") == method,
        pl.col("top") == top,
        pl.min_horizontal("level_a", "level_b") == 0,
        pl.max_horizontal("level_a", "level_b") == level,
    )
    pair = pairs.row(0, named=True) if pairs.height else {}
    return [
        TableCell(number(pair.get(name), 2) if level or name != "overlap" else "1.00")
        for name in ("overlap", "floor", "chance")
    ]
