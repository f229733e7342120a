"""Cautions on a verdict: nothing to lose, examples too few or alike, and statuses known to err (docs/validity.md)."""

import polars as pl

from keepfaith.config.levels import level_words
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import control_name, method_name, quantity_name
from keepfaith.report.power_table import open_margins
from keepfaith.report.tables import factor_words
from keepfaith.statistics.clusters import MINIMUM_CLUSTERS
from keepfaith.statistics.temperature_metrics import TEMPERATURE
from keepfaith.statistics.verdict import KEPT

TIED = 0.005
"""Least difference between accuracy with the first and with a random tied choice that gives a caution."""

RELIABLE = 0.9
"""Rank correlation of two seeds below which a method gives a caution; the report says what it would take."""

BEYOND_CONTROLS = "comprehensiveness_study_beyond_controls"
"""Dense comprehensiveness, example by example, beyond that of every control and of the reversed ranking."""

FEW = {"evaluated": 60, "explained": 100}
"""Below these numbers of independent texts a bootstrap interval is known to be too narrow (docs/validity.md)."""


def caveats(tables: CellTables) -> list[str]:
    """Sentences about this cell, most serious first; none where the dense model is sound and examples are many."""
    found = _sharing(tables)
    accuracy = _dense(tables, "accuracy")
    guessing = tables.guessing()
    low = accuracy.get("low")
    # Without an interval, the value itself is compared with guessing.
    low = accuracy.get("value") if low is None else low
    if low is not None and guessing is not None and low <= guessing:
        found.append(
            "The dense model is not shown to do better than guessing (always giving one answer reaches "
            f"{guessing:.3f}): how much accuracy it has to lose is not known."
        )
    found += _ties(tables)
    found += _pointless(tables) + _unreliable(tables) + _few(tables)
    return found + _doubtful_errors(tables) + _not_kept(tables) + open_margins(tables.verdict)


def _pointless(tables: CellTables) -> list[str]:
    """Methods whose explanations of the dense model are not shown to be better than chance."""
    found = []
    by_chance = [
        method
        for method in tables.methods
        if not _above_zero(tables, "segment_faithfulness", method)
    ]
    if by_chance:
        found.append(
            f"Not shown to be more faithful than chance on the dense model: {_named(by_chance)}. How much "
            "faithfulness there is to lose is not known."
        )
    by_controls = [
        method for method in tables.methods if not _above_zero(tables, BEYOND_CONTROLS, method)
    ]
    if by_controls:
        others = ", ".join([*map(control_name, tables.controls), "the reversed ranking"])
        found.append(
            f"Not shown to be more comprehensive than {others} on the dense model: {_named(by_controls)}. "
            "How much there is to lose is not known."
        )
    return found


def _unreliable(tables: CellTables) -> list[str]:
    """Sampled methods whose seeds disagree on the dense model, with the samples that agreement would take."""
    found = []
    for method in tables.methods:
        correlation = _dense(tables, "seed_correlation", method).get("value")
        if correlation is None or correlation >= RELIABLE:
            continue
        factor = _dense(tables, "draws_needed", method).get("value")
        said = f"Two seeds of {method_name(method)} correlate by {correlation:.2f} on the dense model (tokens): "
        if factor:
            times = factor_words(factor)
            said += f"it takes about {times} times as many samples for two runs to correlate by {RELIABLE}."
        else:
            said += "its scores are noise."
        found.append(said)
    return found


def _named(methods: list[str]) -> str:
    return ", ".join(map(method_name, methods))


def _ties(tables: CellTables) -> list[str]:
    """Levels whose accuracy depends on ties: the order of the choices decides, not the model."""
    drawn = {
        row["level"]: row["value"] for row in tables.series("accuracy_of_drawn_ties").to_dicts()
    }
    apart = [
        (abs(row["value"] - drawn[row["level"]]), row["level"], row["value"])
        for row in tables.series("accuracy").to_dicts()
        if drawn.get(row["level"]) is not None
    ]
    largest = max(apart, default=(0.0, 0, 0.0))
    if largest[0] < TIED:
        return []
    _, level, value = largest
    return [
        "Choices tie: of equally likely ones the first counts, as in lm-evaluation-harness. At level "
        f"{level} that gives accuracy {value:.3f}, and {drawn[level]:.3f} if ties were drawn."
    ]


def _sharing(tables: CellTables) -> list[str]:
    """Caution on dependent examples, which are resampled by the text that they share."""
    evaluated = tables.metrics.filter(pl.col("metric") != TEMPERATURE)  # of tuning examples
    counts = evaluated.filter(pl.col("clusters") < pl.col("examples"))
    if counts.is_empty():
        return []
    row = counts.sort("examples", descending=True).row(0, named=True)
    field = "prompts" if row["cluster_field"] == "prompt" else f"`{row['cluster_field']}`"
    return [
        f"{row['examples']} examples, {row['clusters']} different {field}: examples that share one are drawn together. "
        "If they are independent, type passage: none in the task or the import; if another field is the passage, name "
        "that field."
    ]


def _few(tables: CellTables) -> list[str]:
    """Cautions on few independent texts, with too narrow intervals or none."""
    found = []
    parts = {
        "evaluated": ["accuracy"],
        "explained": ["segment_faithfulness", "comprehensiveness_study"],
    }
    for part, metrics in parts.items():
        rows = tables.metrics.filter(
            pl.col("metric").is_in(metrics),
            pl.col("method").is_null() | pl.col("method").is_in(tables.methods),
        )
        fewest = rows["clusters"].drop_nulls().min()
        if not isinstance(fewest, int) or fewest >= FEW[part]:
            continue
        if fewest < MINIMUM_CLUSTERS:
            found.append(
                f"Only {fewest} independent texts are {part}: below {MINIMUM_CLUSTERS} there is no interval, and "
                "nothing is called kept, harmed or degraded."
            )
        else:
            found.append(
                f"Only {fewest} independent texts are {part}; intervals from fewer than {FEW[part]} tend to be too "
                "narrow: in simulations a status was wrong up to 2.3 times as often as the confidence says "
                "(docs/validity.md)."
            )
    return found


def _doubtful_errors(tables: CellTables) -> list[str]:
    """A caution where ECE is kept and the dense model may have no calibration error at all.

    There a rise hides in the noise of both, and simulations have the status wrong too often.
    """
    kept = tables.verdict.filter(quantity="ece", status=KEPT)["level"].sort().to_list()
    dense = _dense(tables, "ece")
    value, calibrated = dense.get("value"), dense.get("reference_high")
    if not kept or value is None or calibrated is None or value > calibrated:
        return []
    return [
        f"ECE is kept at {_at(kept)}, and the dense model's is that of a calibrated one: in simulations of such models "
        "that was wrong up to three times as often as the confidence says (docs/validity.md)."
    ]


def _at(levels: list[int]) -> str:
    return f"{'levels' if len(levels) > 1 else 'level'} {level_words(levels)}"


def _not_kept(tables: CellTables) -> list[str]:
    """Reasons why quantities cannot be kept at some level, other than wide intervals, each with its quantities.

    Too few texts for any interval have their own sentence (`_few`).
    """
    open_ = tables.verdict.filter(
        pl.col("reason").is_not_null(),
        (pl.col("clusters") >= MINIMUM_CLUSTERS).fill_null(value=True),
    )
    by_reason = open_.group_by("reason", maintain_order=True).agg(
        pl.struct("quantity", "method").unique(maintain_order=True).alias("named")
    )
    return [
        f"Not kept: {', '.join(quantity_name(*name.values()) for name in named)}; {reason}."
        for reason, named in by_reason.iter_rows()
    ]


def _above_zero(tables: CellTables, metric: str, method: str) -> bool:
    """Whether the interval of the dense value lies above 0; True where it was not measured."""
    row = _dense(tables, metric, method)
    return not row or ((row["low"] or 0.0) > 0)


def _dense(tables: CellTables, metric: str, method: str | None = None) -> dict[str, float | None]:
    rows = [row for row in tables.series(metric, method).iter_rows(named=True) if row["level"] == 0]
    return rows[0] if rows else {}
