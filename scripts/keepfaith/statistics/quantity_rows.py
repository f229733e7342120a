"""Rows of METRICS of one quantity and method at every pruned level, for the verdict and for tests of misalignment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from keepfaith.artifacts.schemas import METHOD
from keepfaith.plugins.quantity import Quantity
from keepfaith.statistics.confidence_curve import ConfidenceCurve


@dataclass(frozen=True)
class QuantityRows:
    """One quantity of one method against the dense level.

    Attributes:
        name, quantity: the quantity.
        method: the attribution method; None for a quantity of the model.
        rows: one row per pruned level of the cell, ascending; null where the quantity has no value.
        advantage: of the dense value over chance, positive if better; None if unknown, or if it has no such floor.
    """

    name: str
    quantity: Quantity
    method: str | None
    rows: pl.DataFrame
    advantage: float | None

    def vacuous(self, margin: float) -> bool:
        """Whether the margin covers all that the dense model could lose, so that "kept" would say nothing."""
        return self.advantage is not None and self.advantage <= margin

    @property
    def curves(self) -> list[ConfidenceCurve | None]:
        """The confidence curve of the harm at every level; None without an interval."""
        ends = self.rows.select("curve_low", "curve_high").iter_rows()
        return [
            None
            if low is None or high is None
            else ConfidenceCurve.of(low, high, self.quantity.harmful)
            for low, high in ends
        ]


def quantity_rows(
    metrics: pl.DataFrame, quantities: Mapping[str, Quantity], operator: str | None
) -> Iterator[QuantityRows]:
    """Each of `quantities`, by method where it is one of explanations; one that was not measured has null rows.

    Args:
        metrics: METRICS of one model, order and task.
        quantities: by name.
        operator: whose effects count for quantities of the study's protocol.
    """
    levels = metrics.filter(pl.col("level") > 0).select(pl.col("level").unique().sort())
    for name, quantity in quantities.items():
        rows = metrics.filter(pl.col("metric") == quantity.metric)
        if quantity.explained:
            rows = rows.filter(
                # Some explained quantities, such as R-precision, remove no token: no operator, no ranking.
                pl.col("operator").is_null() | (pl.col("operator") == pl.lit(operator, pl.String)),
                pl.col("ranking").fill_null("method") == "method",
                pl.col("role") == METHOD,
            )
        by_method = rows.partition_by("method", as_dict=True) or {(None,): rows}
        for (method,), of_method in sorted(by_method.items(), key=lambda each: each[0][0] or ""):
            complete = levels.join(of_method, on="level", how="left").with_columns(
                method=pl.lit(method, dtype=pl.String)
            )
            yield QuantityRows(name, quantity, method, complete, _advantage(of_method, quantity))


def _advantage(rows: pl.DataFrame, quantity: Quantity) -> float | None:
    """Advantage of the dense value over chance, positive if better; None if unknown.

    Chance is guessing for accuracy and the controls for explanations; calibration has no such floor.
    """
    dense = rows.filter(level=0).select("value", "reference_low", "reference_high")
    if dense.is_empty() or not quantity.above_chance:
        return None
    value, low, high = dense.row(0)
    if value is None or low is None or high is None:
        return None
    # As VERDICT has it, so that both compare it with the margin alike.
    return round(float(value - high if quantity.harmful < 0 else low - value), 12)
