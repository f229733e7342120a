"""The main numbers of a finished study as Markdown: how docs/findings.md was made.

    python examples/findings.py results > tables.md

Reads results/summary/*.parquet alone, so that it needs nothing but polars.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

MODEL_METRICS = {
    "accuracy": "accuracy",
    "mean_confidence": "confidence",
    "ece": "ECE",
    "temperature": "T_k",
    "ece_tempered": "ECE after T_k",
    "ece_tempered_as_dense": "ECE after T_0",
    "kl_dense_level": "KL",
    "flips": "flips",
}
"""Metrics of the model with their columns, in order."""

EXPLANATION_METRICS = {
    "segment_faithfulness": "faithfulness",
    "raw_comprehensiveness": "raw comprehensiveness",
    "raw_sufficiency": "raw sufficiency",
    "drift_correlation": "correlation with dense",
    "explanation_effect": "explanation effect",
    "judge_effect": "judge effect",
}
"""Metrics of explanations with their columns, in order."""

MARKS = {"kept": "kept", "undecided": "?", "harmed": "harmed", "degraded": "**degraded**"}


def main(results: Path) -> None:
    tables = {path.stem: pl.read_parquet(path) for path in (results / "summary").glob("*.parquet")}
    cell = ["model", "order", "task"]
    for key, metrics in tables["metrics"].group_by(cell, maintain_order=True):
        print(f"### {', '.join(map(str, key))}\n")
        print(markdown(*by_level(metrics)))
        if explained := by_method(metrics):
            print(markdown(*explained))
    for key, verdict in tables["verdict"].group_by(cell, maintain_order=True):
        print(f"### Verdict: {', '.join(map(str, key))}\n")
        print(markdown(*statuses(verdict)))
    means = tables["pooled"].filter(pl.col("left_out").is_null())
    for key, verdict in means.group_by(cell[:2], maintain_order=True):
        print(f"### Verdict in the mean over tasks: {', '.join(map(str, key))}\n")
        print(markdown(*statuses(verdict)))
    shown = tables["misalignment"].filter("shown")
    rows = shown.select(*cell, "level", "quantity", "direction").rows()
    print("### Misaligned levels\n")
    print(markdown([*cell, "level", "quantity", "direction"], rows))


def by_level(metrics: pl.DataFrame) -> tuple[list[str], list[list[object]]]:
    """Of the model: a row per level, with the band of a calibrated model beside ECE."""
    own = metrics.filter(pl.col("method").is_null())
    found = {(row["level"], row["metric"]): row for row in own.iter_rows(named=True)}
    levels = own["level"].unique().sort().to_list()
    names = [name for name in MODEL_METRICS if any((level, name) in found for level in levels)]
    rows: list[list[object]] = []
    for level in levels:
        row: list[object] = [level]
        for name in names:
            of = found.get((level, name))
            row.append(None if of is None else of["value"])
            if name == "ece":
                row.append(band(of))
        rows.append(row)
    header = [MODEL_METRICS[name] for name in names]
    header.insert(names.index("ece") + 1, "calibrated band")
    return ["level", *header], rows


def band(row: dict[str, object] | None) -> str | None:
    if row is None or row["reference_high"] is None:
        return None
    return f"{row['reference_low']:.3f} to {row['reference_high']:.3f}"


def by_method(metrics: pl.DataFrame) -> tuple[list[str], list[list[object]]] | None:
    """Of explanations, with intervals: a row per method and level; None where nothing was explained."""
    own = metrics.filter(pl.col("metric").is_in(list(EXPLANATION_METRICS)))
    if own.is_empty():
        return None
    names = [name for name in EXPLANATION_METRICS if name in set(own["metric"])]
    found = {(row["method"], row["level"], row["metric"]): row for row in own.iter_rows(named=True)}
    places = own.select("method", "level").unique().sort("method", "level").rows()
    rows: list[list[object]] = [
        [method, level, *(interval(found.get((method, level, name))) for name in names)]
        for method, level in places
    ]
    return ["method", "level", *(EXPLANATION_METRICS[name] for name in names)], rows


def interval(row: dict[str, object] | None) -> str | None:
    if row is None or row["value"] is None:
        return None
    ends = "" if row["low"] is None else f" [{row['low']:.3f}, {row['high']:.3f}]"
    raw = str(row["metric"]).startswith("raw_")
    chance = f", by chance {row['reference_low']:.3f}" if raw else ""
    return f"{row['value']:.3f}{ends}{chance}"


def statuses(verdict: pl.DataFrame) -> tuple[list[str], list[list[object]]]:
    """A row per judged quantity, a column per level."""
    levels = verdict["level"].unique().sort().to_list()
    rows: list[list[object]] = []
    for (quantity, method), own in verdict.group_by("quantity", "method", maintain_order=True):
        status = dict(own.select("level", "status").iter_rows())
        name = f"{quantity}, {method}" if method else quantity
        rows.append([name, *(MARKS.get(status.get(level, ""), "") for level in levels)])
    return ["quantity", *map(str, levels)], rows


def markdown(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return "\n".join(_lines(header, rows)) + "\n"


def _lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(map(_text, row))} |"


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results"))
