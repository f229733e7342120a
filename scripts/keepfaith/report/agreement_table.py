"""Table of how far a sampled method agrees with itself: two seeds of it, on the same model and text."""

from collections.abc import Mapping
from typing import Any

from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import method_name
from keepfaith.report.tables import PageTable, TableCell, factor_words, level_cell, number, span

HEADER = (
    "Method",
    "Level",
    "Rank correlation of two seeds, tokens",
    "Interval",
    "The same, segments",
    "Top tokens in common",
    "By chance",
    "Samples for .9",
)


def agreement_table(tables: CellTables) -> PageTable | None:
    """Per sampled method and level: agreement of two of its seeds, beside chance; None without two seeds of any."""
    rows: list[tuple[TableCell, ...]] = []
    for method in tables.methods:
        tokens = _by_level(tables, "seed_correlation", method)
        segments = _by_level(tables, "segment_seed_correlation", method)
        overlap = _by_level(tables, "seed_overlap", method)
        draws = _by_level(tables, "draws_needed", method)
        for level in tables.levels:
            if level not in tokens and level not in segments:
                continue
            of_tokens, of_overlap = tokens.get(level, {}), overlap.get(level, {})
            rows.append(
                (
                    TableCell(method_name(method)),
                    level_cell(level),
                    TableCell(number(of_tokens.get("value"), 2)),
                    TableCell(span(of_tokens.get("low"), of_tokens.get("high"))),
                    TableCell(number(segments.get(level, {}).get("value"), 2)),
                    TableCell(number(of_overlap.get("value"), 2)),
                    TableCell(number(of_overlap.get("reference_low"), 2)),
                    TableCell(_times(draws.get(level, {}).get("value"))),
                )
            )
    title = "Agreement of sampled methods with themselves"
    return PageTable(title, HEADER, tuple(rows)) if rows else None


def _by_level(tables: CellTables, metric: str, method: str) -> Mapping[int, Mapping[str, Any]]:
    return {row["level"]: row for row in tables.series(metric, method).iter_rows(named=True)}


def _times(factor: float | None) -> str:
    """`x 12`: how many times as many samples; seeds that do not agree at all have no number."""
    return "no number suffices" if factor is None else f"x {factor_words(factor)}"
