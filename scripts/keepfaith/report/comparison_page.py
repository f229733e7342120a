"""The page of `snakemake compare`: two studies side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from keepfaith.figures.labels import quantity_name
from keepfaith.report.html import Templates
from keepfaith.report.matrix import verdict_matrix
from keepfaith.report.tables import PageTable, TableCell, number, span


@dataclass(frozen=True)
class ComparedStudies:
    """What is known of the two, before any number.

    Attributes:
        folders: results folders of the first and of the second.
        settings: of both, by name, from the provenance of their tables.
        packages: versions of both, likewise.
        judging: settings that differences are judged by, those of the study that compares, by name.
        notes: sentences on cells without a partner and on how examples were matched.
    """

    folders: tuple[str, str]
    settings: tuple[Mapping[str, object], Mapping[str, object]]
    packages: tuple[Mapping[str, str], Mapping[str, str]]
    judging: Mapping[str, object]
    notes: Sequence[str] = ()


def render_comparison(studies: ComparedStudies, comparison: pl.DataFrame) -> str:
    """The page as text; equal input gives equal text.

    Args:
        studies: what the two are.
        comparison: COMPARISON of all cells.
    """
    named = comparison.with_columns(
        model=_both("first_model", "second_model"), order=_both("first_order", "second_order")
    )
    judged = named.filter(pl.col("status").is_not_null())
    return Templates().page(
        "comparison.html.j2",
        "two studies compared",
        studies=studies,
        matrix=verdict_matrix(judged, {}, {}, {}) if judged.height else None,
        tables=[_table(*names, rows) for names, rows in _cells(named)],
        judging=PageTable(
            "How differences are judged",
            ("Setting of the study that compares", "Value"),
            tuple(
                (TableCell(name), TableCell(str(value))) for name, value in studies.judging.items()
            ),
            folded=True,
        ),
        differing=[
            _differing(title, *pair)
            for title, pair in (("Settings", studies.settings), ("Packages", studies.packages))
        ],
    )


def _both(first: str, second: str) -> pl.Expr:
    """The name of both sides, `a` or `a / b`."""
    same = pl.col(first) == pl.col(second)
    return pl.when(same).then(first).otherwise(pl.format("{} / {}", first, second))


def _cells(named: pl.DataFrame) -> list[tuple[tuple[str, str, str], pl.DataFrame]]:
    keys = ["model", "order", "task"]
    return [
        ((str(model), str(order), str(task)), rows)
        for (model, order, task), rows in named.group_by(keys, maintain_order=True)
    ]


def _table(model: str, order: str, task: str, rows: pl.DataFrame) -> PageTable:
    """One row per level and quantity."""
    header = (
        "Level",
        "Quantity",
        "First",
        "Second",
        "Second minus first",
        "Interval",
        "Margin",
        "Examples",
        "Basis",
    )
    return PageTable(
        f"{task}: {model} ({order})",
        header,
        tuple(
            (
                TableCell(str(row["level"])),
                TableCell(quantity_name(row["quantity"], row["method"])),
                TableCell(number(row["first"])),
                TableCell(number(row["second"])),
                TableCell(number(row["difference"]), row["status"]),
                TableCell(span(row["low"], row["high"])),
                TableCell("" if row["margin"] is None else f"{row['margin']:g}"),
                TableCell(str(row["examples"])),
                TableCell(row["basis"]),
            )
            for row in rows.iter_rows(named=True)
        ),
    )


def _differing(title: str, first: Mapping[str, object], second: Mapping[str, object]) -> PageTable:
    """What differs between the two; without rows where nothing does."""
    names = [name for name in {**first, **second} if first.get(name) != second.get(name)]
    rows = ((name, str(first.get(name, "none")), str(second.get(name, "none"))) for name in names)
    return PageTable(
        title, (title, "First", "Second"), tuple(tuple(map(TableCell, row)) for row in rows)
    )
