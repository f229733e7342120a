"""The two tables of a unit: the model per level, and its explanations per method and level."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import method_name


@dataclass(frozen=True)
class Cell:
    """Text of one cell, with the verdict's status where the cell shows a watched quantity."""

    text: str
    status: str | None = None


@dataclass(frozen=True)
class PageTable:
    """A table as the page writes it; the first cell of a row is its heading."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


UNKNOWN = "n/a"


def number(value: float | None, digits: int = 3) -> str:
    """A value with fixed digits; `n/a` where there is none. A rounded zero has no sign."""
    if value is None:
        return UNKNOWN
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def span(low: float | None, high: float | None) -> str:
    """`0.87 to 0.92`, or `n/a`."""
    if low is None or high is None:
        return UNKNOWN
    return f"{number(low)} to {number(high)}"


def model_table(tables: CellTables) -> PageTable:
    """Per level: what goes, accuracy, confidence and calibration."""
    dropped = tables.dropped()
    by_metric = {
        metric: _by_level(tables.series(metric))
        for metric in ("accuracy", "mean_confidence", "ece", "brier", "nll")
    }
    rows = []
    for level in tables.levels:
        row = {metric: values.get(level, {}) for metric, values in by_metric.items()}
        accuracy, ece = row["accuracy"], row["ece"]
        rows.append(
            (
                Cell(str(level) if level else "0 (dense)"),
                Cell(", ".join(dropped[level]) or "none"),
                Cell(number(accuracy.get("value")), _status(tables, level, "accuracy")),
                Cell(span(accuracy.get("low"), accuracy.get("high"))),
                Cell(number(row["mean_confidence"].get("value"))),
                Cell(number(ece.get("value")), _status(tables, level, "ece")),
                Cell(span(ece.get("reference_low"), ece.get("reference_high"))),
                Cell(number(row["brier"].get("value")), _status(tables, level, "brier")),
                Cell(number(row["nll"].get("value"))),
            )
        )
    header = (
        "Level",
        "Dropped at this level (layer)",
        "Accuracy",
        "Accuracy interval",
        "Mean confidence",
        "ECE",
        "ECE of a calibrated model",
        "Brier score",
        "NLL (nats)",
    )
    return PageTable(_titled("The model", tables.counted("accuracy")), header, tuple(rows))


def explanation_table(tables: CellTables) -> PageTable | None:
    """Per method and level: faithfulness with its seed band, overlap with dense and its floor; None without methods."""
    if not tables.methods:
        return None
    tops = tables.overlap["top"].unique().sort().to_list()
    top = 10 if 10 in tops else (tops[len(tops) // 2] if tops else None)
    recall = any(tables.series("evidence_recall", method).height for method in tables.methods)
    rows = [
        _explanation_row(tables, method, level, top, recall)
        for method in tables.methods
        for level in tables.levels
    ]
    header = (
        "Method",
        "Level",
        "Comprehensiveness",
        "Seed band",
        "Sufficiency",
        "Seed band",
        *((f"Top-{top} overlap with dense", "Seed floor", "Chance") if top else ()),
        *(("Evidence recall",) if recall else ()),
    )
    counted = tables.counted("comprehensiveness_study", tables.methods[0])
    return PageTable(_titled("Its explanations", counted), header, tuple(rows))


def _titled(title: str, counted: str) -> str:
    return f"{title} ({counted})" if counted else title


def _explanation_row(
    tables: CellTables, method: str, level: int, top: int | None, recall: bool
) -> tuple[Cell, ...]:
    cells = [Cell(method_name(method)), Cell(str(level) if level else "0 (dense)")]
    for kind in ("comprehensiveness", "sufficiency"):
        row = _by_level(tables.series(f"{kind}_study", method)).get(level, {})
        cells.append(Cell(number(row.get("value")), _status(tables, level, kind, method)))
        cells.append(Cell(span(row.get("seed_low"), row.get("seed_high"))))
    if top:
        pairs = tables.overlap.filter(
            pl.col("method") == method,
            pl.col("top") == top,
            pl.min_horizontal("level_a", "level_b") == 0,
            pl.max_horizontal("level_a", "level_b") == level,
        )
        pair = pairs.row(0, named=True) if pairs.height else {}
        cells += [
            Cell(number(pair.get(name), 2) if level or name != "overlap" else "1.00")
            for name in ("overlap", "floor", "chance")
        ]
    if recall:
        row = _by_level(tables.series("evidence_recall", method)).get(level, {})
        cells.append(Cell(number(row.get("value"), 2)))
    return tuple(cells)


def _by_level(rows: pl.DataFrame) -> dict[int, dict[str, float | None]]:
    return {row["level"]: row for row in rows.iter_rows(named=True)}


def _status(tables: CellTables, level: int, quantity: str, method: str | None = None) -> str | None:
    names: Sequence[str | None] = (method,) if method else (None, "")
    rows = tables.verdict.filter(
        pl.col("level") == level,
        pl.col("quantity").str.replace("_study$", "") == quantity,
        pl.any_horizontal(pl.col("method").eq_missing(pl.lit(name)) for name in names),
    )
    return str(rows["status"][0]) if rows.height and level else None
