"""The main tables of a study for a paper: harms by level with their status, and how far each model can be pruned."""

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from keepfaith.figures.labels import quantity_name
from keepfaith.plugins.quantity import judged_quantities, ordered_quantities
from keepfaith.statistics.verdict import DEGRADED, HARMED, KEPT, UNDECIDED, summary

_MARKS = {KEPT: r"\textbf{k}", HARMED: "h", DEGRADED: r"\textbf{d}", UNDECIDED: "?"}
_ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
PAPER_TABLES = (_HARMS, _LIMITS) = ("harms", "limits")
"""Names of the tables, as of their files."""

_CELL = ["model", "order", "task"]
_BEST_KNOWN = "shapley"
"""Method whose faithfulness stands in the table of harms, if it is there: the exact one."""


@dataclass(frozen=True)
class PaperTable:
    """One table.

    Attributes:
        name: of its files.
        caption: what it shows and how it is read.
        columns: headings, with the number of columns to the left that are names.
        names: columns that are names, aligned to the left.
        rows: cells as text.
        marks: by row and column, the status that a cell carries; none elsewhere.
    """

    name: str
    caption: str
    columns: tuple[str, ...]
    names: int
    rows: tuple[tuple[str, ...], ...]
    marks: tuple[tuple[str | None, ...], ...]

    def latex(self) -> str:
        """A `table` with the rules of the package booktabs; nothing in it runs."""
        lines = [
            r"\begin{table}",
            r"\centering",
            f"\\caption{{{escaped(self.caption)}}}",
            f"\\label{{tab:{self.name}}}",
            f"\\begin{{tabular}}{{{'l' * self.names}{'r' * (len(self.columns) - self.names)}}}",
            r"\toprule",
            " & ".join(map(escaped, self.columns)) + r" \\",
            r"\midrule",
        ]
        for row, marks in zip(self.rows, self.marks, strict=True):
            cells = (
                escaped(text) + (f" {_MARKS[mark]}" if mark else "")
                for text, mark in zip(row, marks, strict=True)
            )
            lines.append(" & ".join(cells) + r" \\")
        return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def escaped(text: str) -> str:
    r"""Text in which LaTeX sees no command.

    Example:
        >>> escaped("a_b & 50 %")
        'a\\_b \\& 50 \\%'
    """
    return "".join(_ESCAPED.get(character, character) for character in text)


def paper_tables(verdict: pl.DataFrame, checkpoints: Collection[str] = ()) -> list[PaperTable]:
    """Both tables.

    Args:
        verdict: the VERDICT tables of all cells, with the columns model, order and task.
        checkpoints: the orders whose levels are checkpoints, each judged on its own: they have no deepest level.
    """
    in_sequence = verdict.filter(~pl.col("order").is_in(list(checkpoints)))
    return [harm_table(verdict), limit_table(in_sequence)]


def harm_table(verdict: pl.DataFrame) -> PaperTable:
    """Harm of every level and judged quantity, with its interval and status."""
    quantities = [
        (name, _method(verdict.filter(quantity=name)))
        for name in judged_quantities()
        if not verdict.filter(quantity=name).is_empty()
    ]
    shown = {
        (*(row[name] for name in (*_CELL, "level")), row["quantity"], row["method"]): row
        for row in verdict.to_dicts()
    }
    rows: list[tuple[str, ...]] = []
    marks: list[tuple[str | None, ...]] = []
    for cell in verdict.select(*_CELL, "level").unique(maintain_order=True).rows():
        found = [shown.get((*cell, *quantity)) for quantity in quantities]
        rows.append((*map(str, cell), *(_harm(row) for row in found)))
        marks.append(
            (*(None for _ in cell), *(str(row["status"]) if row else None for row in found))
        )
    labels = [_heading(name, method) for name, method in quantities]
    caption = (
        "Harm against the dense model, with its interval, at every level (number of dropped layers, or of the "
        "checkpoint). k: kept, the harm is shown to lie within the margin; d: degraded, harm beyond the margin is "
        "shown; h: harmed, some harm is shown; ?: undecided."
    )
    columns = ("Model", "Order", "Task", "Level", *labels)
    return PaperTable(_HARMS, caption, columns, 3, tuple(rows), tuple(marks))


def limit_table(verdict: pl.DataFrame) -> PaperTable:
    """By model, order and task: how far everything is shown to be kept, and where what degrades first."""
    labels = {name: of.label for name, of in ordered_quantities().items()}
    rows = []
    for cell in verdict.select(_CELL).unique(maintain_order=True).rows():
        found = summary(verdict.filter(*(pl.col(c) == v for c, v in zip(_CELL, cell, strict=True))))
        first = ", ".join(dict.fromkeys(labels[quantity] for quantity, _ in found.breaks_first))
        degrades = "none" if found.breaks_at is None else str(found.breaks_at)
        rows.append((*cell, str(found.safe), str(found.clear), degrades, first or "none"))
    caption = (
        "How far each model can be pruned: the last level up to which every judged quantity is shown to be kept, the "
        "last up to which no degradation is shown, the first level with a degradation, and what degrades there."
    )
    columns = (
        "Model",
        "Order",
        "Task",
        "All kept up to",
        "None degraded up to",
        "Degraded at",
        "First",
    )
    empty = tuple(tuple(None for _ in columns) for _ in rows)
    return PaperTable(_LIMITS, caption, columns, 3, tuple(rows), empty)


def _method(rows: pl.DataFrame) -> str | None:
    methods = rows["method"].drop_nulls().unique().sort().to_list()
    return _BEST_KNOWN if _BEST_KNOWN in methods else next(iter(methods), None)


def _heading(quantity: str, method: str | None) -> str:
    name = quantity_name(quantity, method)
    return name[0].upper() + name[1:]


def _harm(row: dict[str, object] | None) -> str:
    if row is None or row["harm"] is None:
        return "--"
    if row["harm_low"] is None:
        return _number(row["harm"])
    return f"{_number(row['harm'])} [{_number(row['harm_low'])}, {_number(row['harm_high'])}]"


def _number(value: object) -> str:
    """Three decimals, and no sign of a zero."""
    assert isinstance(value, float)
    return f"{round(value, 3) + 0.0:.3f}"
