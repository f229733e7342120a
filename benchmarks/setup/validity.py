"""The tables of docs/validity.md, from the rows of benchmarks/truth.py."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from setup.judging import Row

from keepfaith.artifacts.atomic import write_text

BEGIN, END = "<!-- tables: written by benchmarks/truth.py -->", "<!-- end of tables -->"
NOMINAL, COVERAGE, TOLERANCE = 0.025, 0.95, 0.015
ERRORS = 2.0
"""Standard errors of the simulation by which a rate must miss its aim to count as failing it."""

FEW = 50
"""From this number of examples on the coverage of an interval is an aim; below, only that nothing is said wrongly."""

T = TypeVar("T")
Columns = Mapping[str, Callable[[Row], str]]


def write_tables(rows: Sequence[Row], page: Path) -> None:
    """Replace what is between the two markers of `page`.

    Raises:
        ValueError: the page lacks a marker.
    """
    text = page.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{page}: needs one line {BEGIN!r} and one line {END!r} after it")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    write_text(page, f"{before}{BEGIN}\n\n{tables(rows)}\n\n{END}{after}")


def tables(rows: Sequence[Row]) -> str:
    """All tables, and the list of the aims that fail."""
    single = [row for row in rows if row["part"] != "paths"]
    judged = [row for row in single if row["margins"] is not None]
    shown = [row for row in single if row["margins"] is None]
    parts = ["### All worlds together", _overall(judged)]
    parts += ["### Aims that fail", _failures(rows)]
    for quantity in dict.fromkeys(str(row["quantity"]) for row in judged):
        of_quantity = [row for row in judged if row["quantity"] == quantity]
        parts += [f"### Judged: {quantity}", _judged(of_quantity)]
    if shown:
        parts += ["### Shown, never judged", _table(shown, SHOWN)]
    paths = [row for row in rows if row["part"] == "paths"]
    if paths:
        parts += ["### Pruning paths of 16 levels, studies of 8 tasks", _table(paths, PATHS)]
    return "\n\n".join(parts)


def fails(row: Row) -> list[str]:
    """The aims that a row misses by more than `ERRORS` standard errors of the simulation."""
    found = []
    if row["part"] == "paths":
        names = {
            "kept_too_far": 'one task\'s "kept up to" reaches a level that is not',
            "every_task_kept_too_far": "so does that of every task",
            "pooled_kept_too_far": "the pooled tasks are kept too far",
        }
        runs = ("cells", "studies", "studies")
        for (name, says), count in zip(names.items(), runs, strict=True):
            if _above(row[name], NOMINAL, int(row[count])):
                found.append(f"{says}: {_rate(row[name])}")
        return found
    runs = row["runs"]
    if row["margins"] == 1 and _above(row["kept"], NOMINAL, runs):
        found.append(f"kept with a harm at the margin: {_rate(row['kept'])}")
    if row["margins"] in (0, 1) and _above(row["degraded"], NOMINAL, runs):
        found.append(
            f"degraded with a harm of {row['margins']:.0f} margins: {_rate(row['degraded'])}"
        )
    if row["margins"] in (None, 1) and row["examples"] >= FEW:
        lacking = 1 - row["coverage"]
        if _above(lacking, 1 - COVERAGE + TOLERANCE, runs):
            found.append(f"coverage {row['coverage']:.3f}")
    return found


def _above(rate: float, aim: float, runs: int) -> bool:
    return rate > aim + ERRORS * (aim * (1 - aim) / runs) ** 0.5


def _failures(rows: Sequence[Row]) -> str:
    found = [
        f"- {row.get('quantity', 'path')}, {row.get('world', row.get('scenario'))}{_size(row)}: {'; '.join(missed)}"
        for row in rows
        if (missed := fails(row))
    ]
    return "\n".join(found) or "None."


def _size(row: Row) -> str:
    return f", {row['examples']} examples" if "examples" in row else ""


def _rate(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _overall(judged: Sequence[Row]) -> str:
    """Rates of all worlds together, by quantity and number of examples, with a harm at the margin."""
    by_key: dict[tuple[object, object], list[Row]] = {}
    for row in judged:
        if row["margins"] == 1:
            by_key.setdefault((row["quantity"], row["examples"]), []).append(row)
    return _table(list(by_key.values()), OVERALL)


def _mean(rows: Sequence[Row], name: str) -> float:
    """Mean over data sets."""
    runs = [row["runs"] for row in rows]
    rates = [row[name] for row in rows]
    return sum(rate * count for rate, count in zip(rates, runs, strict=True)) / sum(runs)


def _judged(rows: Sequence[Row]) -> str:
    """One line for each world and size: the three harms side by side."""
    by_key: dict[tuple[object, object], dict[object, Row]] = {}
    for row in rows:
        by_key.setdefault((row["world"], row["examples"]), {})[row["margins"]] = row
    lines = [{"none": of[0], "at": of[1], "twice": of[2]} for of in by_key.values()]
    columns: Mapping[str, Callable[[Mapping[str, Row]], str]] = {
        "world": lambda of: str(of["at"]["world"]),
        "examples": lambda of: str(of["at"]["examples"]),
        "texts": lambda of: str(of["at"]["texts"]),
        "data sets": lambda of: str(of["at"]["runs"]),
        "false kept": lambda of: _rate(of["at"]["kept"]),
        "interval below truth": lambda of: _rate(of["at"]["upper_end_below_truth"]),
        "false degraded, at margin": lambda of: _rate(of["at"]["degraded"]),
        "false degraded, no harm": lambda of: _rate(of["none"]["degraded"]),
        "false harmed, no harm": lambda of: _rate(of["none"]["harmed"]),
        "coverage": lambda of: _rate(of["at"]["coverage"]),
        "kept, no harm": lambda of: _rate(of["none"]["kept"]),
        "degraded, twice": lambda of: _rate(of["twice"]["degraded"]),
    }
    return _table(lines, columns)


OVERALL: Mapping[str, Callable[[Sequence[Row]], str]] = {
    "quantity": lambda rows: str(rows[0]["quantity"]),
    "examples": lambda rows: str(rows[0]["examples"]),
    "worlds": lambda rows: str(len(rows)),
    "data sets": lambda rows: str(sum(row["runs"] for row in rows)),
    "false kept": lambda rows: _rate(_mean(rows, "kept")),
    "interval below truth": lambda rows: _rate(_mean(rows, "upper_end_below_truth")),
    "false degraded": lambda rows: _rate(_mean(rows, "degraded")),
    "coverage": lambda rows: _rate(_mean(rows, "coverage")),
    "lowest coverage of a world": lambda rows: _rate(min(row["coverage"] for row in rows)),
}

SHOWN: Columns = {
    "quantity": lambda row: str(row["quantity"]),
    "world": lambda row: str(row["world"]),
    "examples": lambda row: str(row["examples"]),
    "data sets": lambda row: str(row["runs"]),
    "true change": lambda row: _rate(row["true_harm"]),
    "interval below truth": lambda row: _rate(row["upper_end_below_truth"]),
    "interval above truth": lambda row: _rate(row["lower_end_above_truth"]),
    "coverage": lambda row: _rate(row["coverage"]),
}

PATHS: Columns = {
    "scenario": lambda row: str(row["scenario"]),
    "cells": lambda row: str(row["cells"]),
    "kept too far": lambda row: _rate(row["kept_too_far"]),
    "in some of 8 tasks": lambda row: _rate(row["some_task_kept_too_far"]),
    "in all 8": lambda row: _rate(row["every_task_kept_too_far"]),
    "degraded without harm": lambda row: _rate(row["degraded_without_harm"]),
    "harmed without harm": lambda row: _rate(row["harmed_without_harm"]),
    "degraded in some of 8": lambda row: _rate(row["some_task_degraded_without_harm"]),
    "kept up to the last true level": lambda row: _rate(row["share_kept_to_deepest"]),
    "kept up to, mean": lambda row: f"{row['mean_level_kept']:.1f}",
    "true": lambda row: str(row["deepest_true_level"]),
    "pooled: kept too far": lambda row: _rate(row["pooled_kept_too_far"]),
    "pooled: degraded without harm": lambda row: _rate(row["pooled_degraded_without_harm"]),
    "pooled: harmed without harm": lambda row: _rate(row["pooled_harmed_without_harm"]),
    "pooled: kept up to the last true level": lambda row: _rate(
        row["pooled_share_kept_to_deepest"]
    ),
}


def _table(rows: Sequence[T], columns: Mapping[str, Callable[[T], str]]) -> str:
    lines = [list(columns), ["---"] * len(columns)]
    lines += [[show(row) for show in columns.values()] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
