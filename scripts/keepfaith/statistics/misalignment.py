"""Misalignment: levels at which the accuracy is kept and something else degrades, as a test.

A correlation between accuracy and another quantity over levels is no test, as the levels share examples and weights.
Here each statement rests on two one-sided tests at one level, and both must pass (intersection-union test, which needs
no correction inside: Berger 1982). The accuracy is stable only where its loss is shown to lie within the margin, never
because a loss is not shown.

In 400 simulated cells of six levels, with 2,000 texts for the accuracy and 200 for an explained quantity, one of the
two exactly at its margin at all levels, some level was called misaligned in .023 (normal harms), .025 (a tail of
losses) and .025 (the accuracy at its margin); with both at their margins in none; with twice the margin in all.
"""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from keepfaith.artifacts.schemas import MISALIGNMENT
from keepfaith.artifacts.tables import conform
from keepfaith.plugins.quantity import Quantity, ordered_quantities
from keepfaith.statistics.evidence import fewest_texts
from keepfaith.statistics.multiple import holm
from keepfaith.statistics.quantity_rows import QuantityRows, quantity_rows
from keepfaith.statistics.verdict import KEPT, largest_passing, shown_operator

ACCURACY = "accuracy"
ACCURACY_KEPT, ACCURACY_DEGRADED = "accuracy_kept", "accuracy_degraded"
"""The accuracy is kept and the quantity degraded, or the other way round."""

_DECIMALS = 12


class _Tested(NamedTuple):
    """One quantity with its margin, and why it cannot be kept, if so."""

    of: QuantityRows
    margin: float
    never_kept: str | None


def misalignment(
    metrics: pl.DataFrame,
    margins: Mapping[str, float],
    *,
    confidence: float = 0.95,
    operator: str | None = None,
    explained: bool = True,
) -> pl.DataFrame:
    """MISALIGNMENT of every pruned level and quantity other than the accuracy, in both directions.

    The p-value at a level is the larger of that of "the loss of accuracy is at least its margin" and that of "the harm
    of the quantity is at most its margin" (`ConfidenceCurve`); it is adjusted by Holm's correction over all levels,
    quantities and methods of the direction that have an interval. What the floors of the verdict never call kept has
    the p-value 1.

    Args:
        metrics, margins, confidence, operator, explained: as for `verdict`. Quantities without a margin of their own
            are tested where they declare that of another (`Quantity.margin_as`) and have values.
    """
    quantities = _quantities(margins, explained)
    empty = pl.DataFrame(schema=dict(MISALIGNMENT.columns))
    if ACCURACY not in quantities:
        return empty
    shared = operator or shown_operator(metrics)
    tested = [
        _Tested(of, margin, _never_kept(of, margin, confidence))
        for of in quantity_rows(metrics, quantities, shared)
        for margin in [margins[of.quantity.margin_as or of.name]]
        if of.name in margins or of.rows["metric"].count()
    ]
    (accuracy,) = (each for each in tested if each.of.name == ACCURACY)
    others = [each for each in tested if each.of.name != ACCURACY]
    tables = [
        _adjusted([_of_direction(accuracy, other, direction) for other in others], confidence)
        for direction in (ACCURACY_KEPT, ACCURACY_DEGRADED)
        if others
    ]
    return pl.concat([empty, *tables])


def _quantities(margins: Mapping[str, float], explained: bool) -> dict[str, Quantity]:
    return {
        name: quantity
        for name, quantity in ordered_quantities().items()
        if (name in margins or quantity.margin_as in margins)
        and (explained or not quantity.explained)
    }


def _of_direction(accuracy: _Tested, other: _Tested, direction: str) -> pl.DataFrame:
    """Rows of one quantity and method: p-values of both parts at every level, and of the whole."""
    kept, degraded = (accuracy, other) if direction == ACCURACY_KEPT else (other, accuracy)
    p_kept = [
        None if curve is None else 1.0 if kept.never_kept else curve.p_at_least(kept.margin)
        for curve in kept.of.curves
    ]
    p_degraded = [
        None if curve is None else curve.p_at_most(degraded.margin) for curve in degraded.of.curves
    ]
    return pl.DataFrame(
        {
            "level": other.of.rows["level"],
            "quantity": other.of.name,
            "method": pl.Series([other.of.method] * other.of.rows.height, dtype=pl.String),
            "direction": direction,
            "accuracy_harm": accuracy.of.rows["change"] * accuracy.of.quantity.harmful,
            "accuracy_margin": accuracy.margin,
            "harm": other.of.rows["change"] * other.of.quantity.harmful,
            "margin": other.margin,
            "p_kept": pl.Series(p_kept, dtype=pl.Float64),
            "p_degraded": pl.Series(p_degraded, dtype=pl.Float64),
            "reason": pl.Series([kept.never_kept] * other.of.rows.height, dtype=pl.String),
        }
    )


def _adjusted(tables: list[pl.DataFrame], confidence: float) -> pl.DataFrame:
    """The rows of one direction with the p-value of both parts, after Holm over all of them."""
    table = pl.concat(tables)
    both = pl.col("p_kept").is_not_null() & pl.col("p_degraded").is_not_null()
    table = table.with_columns(
        p_value=pl.when(both).then(pl.max_horizontal("p_kept", "p_degraded"))
    )
    adjusted = iter(holm(table["p_value"].drop_nulls().to_numpy()).tolist())
    table = table.with_columns(
        p_adjusted=pl.Series(
            [None if p is None else next(adjusted) for p in table["p_value"]], dtype=pl.Float64
        ),
        reason=pl.when(both).then("reason").otherwise(pl.lit("no interval at this level")),
    )
    shown = (pl.col("p_adjusted") <= largest_passing(confidence)).fill_null(value=False)
    rounded = table.with_columns(pl.col(pl.Float64).round(_DECIMALS))
    return conform(rounded.with_columns(shown=shown), MISALIGNMENT)


def _never_kept(of: QuantityRows, margin: float, confidence: float) -> str | None:
    """Why the verdict calls this quantity kept at no level, by its floors; None if it may."""
    name = of.quantity.label
    if of.vacuous(margin):
        return f"{name} cannot be kept: its margin holds all that the dense model has above chance"
    needed = fewest_texts(margin, of.quantity.largest, confidence)
    fewest = of.rows["clusters"].min()
    if isinstance(fewest, int) and fewest < needed:
        return f"{name} cannot be kept: {fewest} independent texts, {needed} are needed"
    return None


def misaligned_levels(table: pl.DataFrame, direction: str = ACCURACY_KEPT) -> tuple[int, ...]:
    """The levels at which some quantity of a MISALIGNMENT table is shown to go the other way than the accuracy."""
    return tuple(table.filter("shown", direction=direction)["level"].unique().sort().to_list())


def plateau(verdict: pl.DataFrame) -> int | None:
    """The last level up to which the accuracy is kept at every level; None if it is not at the first.

    The same examples choose this range and are tested over it; what is chosen is the accuracy's range alone.

    Args:
        verdict: VERDICT of one cell.
    """
    last = None
    of_accuracy = verdict.filter(quantity=ACCURACY).sort("level")
    for level, status in of_accuracy.select("level", "status").iter_rows():
        if status != KEPT:
            break
        last = int(level)
    return last
