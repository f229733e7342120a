"""Tables of one cell (model, order, task), and the rows that figures need."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

import polars as pl

from keepfaith.artifacts.schemas import (
    CHECKPOINTS,
    CONTROL,
    CURVES,
    FLUCTUATION,
    LIMITS,
    METHOD,
    MISALIGNMENT,
    ORDER,
    OVERLAP,
    SEGMENT_CURVES,
    SWAP,
)
from keepfaith.artifacts.tables import empty_table
from keepfaith.figures.labels import layer_name
from keepfaith.figures.levels import names_of
from keepfaith.plugins.quantity import Quantity, ordered_quantities
from keepfaith.statistics.verdict import shown_operator

OWN = "method"

OF_EXPLANATIONS = ("overlap", "curves", "limits", "segment_curves", "swap")
"""Tables that are without rows where nothing is explained."""


@dataclass(frozen=True)
class CellTables:
    """Tables of one cell, as `artifacts.schemas` defines them; those that it does not have are empty.

    `published` holds matching rows of `published.match_published`, or None. `chance` is the accuracy of guessing
    (mean of 1 / options over the examples), or None if it is unknown. `order` is empty where levels are `checkpoints`;
    published values, which are by number of dropped attention layers, are left out there and where others are dropped.
    """

    metrics: pl.DataFrame
    reliability: pl.DataFrame
    verdict: pl.DataFrame
    overlap: pl.DataFrame = field(default_factory=partial(empty_table, OVERLAP))
    misalignment: pl.DataFrame = field(default_factory=partial(empty_table, MISALIGNMENT))
    fluctuation: pl.DataFrame = field(default_factory=partial(empty_table, FLUCTUATION))
    order: pl.DataFrame = field(default_factory=partial(empty_table, ORDER))
    curves: pl.DataFrame = field(default_factory=partial(empty_table, CURVES))
    limits: pl.DataFrame = field(default_factory=partial(empty_table, LIMITS))
    segment_curves: pl.DataFrame = field(default_factory=partial(empty_table, SEGMENT_CURVES))
    swap: pl.DataFrame = field(default_factory=partial(empty_table, SWAP))
    checkpoints: pl.DataFrame = field(default_factory=partial(empty_table, CHECKPOINTS))
    published: pl.DataFrame | None = None
    chance: float | None = None
    levels: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        levels = self.metrics["level"].unique().sort().to_list()
        if not levels:
            raise ValueError("table metrics has no rows; there is nothing to draw")
        object.__setattr__(self, "levels", tuple(levels))
        dropped = self.order.sort("position").head(levels[-1])["component"]
        if self.checkpoints.height or (dropped != "attention").any():
            object.__setattr__(self, "published", None)

    @property
    def deepest(self) -> int:
        """The highest level of the sweep."""
        return self.levels[-1]

    @property
    def names(self) -> dict[int, str]:
        """Label of every level, where levels are checkpoints; empty for a pruning path."""
        return names_of(self.checkpoints)

    def dropped(self) -> dict[int, list[str]]:
        """Per level, the components dropped since the previous level of the run, in words and in order."""
        order = self.order.sort("position").select("component", "layer").rows()
        names = [layer_name(component, layer) for component, layer in order]
        ends = zip((0, *self.levels), self.levels, strict=False)
        return {level: names[before:level] for before, level in ends}

    @property
    def methods(self) -> list[str]:
        """Attribution methods under test, without the controls, in order of name."""
        return of_role(self.metrics, METHOD)

    @property
    def controls(self) -> list[str]:
        """The controls, in order of name."""
        return of_role(self.metrics, CONTROL)

    @property
    def operator(self) -> str | None:
        """The operator that figures show."""
        return shown_operator(self.metrics)

    def series(self, metric: str, method: str | None = None, ranking: str = OWN) -> pl.DataFrame:
        """Rows of one metric by level: of one method under the shown operator, or of the model itself."""
        return series(self.metrics, metric, method, ranking)

    def unexplained(self, needs: Iterable[str]) -> bool:
        """Whether `needs` names tables of explanations and this cell has none, in a study that may explain others."""
        absent = all(getattr(self, name).is_empty() for name in OF_EXPLANATIONS)
        return absent and not set(OF_EXPLANATIONS).isdisjoint(needs)

    def quantities(self, *, explained: bool) -> dict[str, Quantity]:
        """The quantities of explanations, or those of the model, that have values; in the order of the report."""
        methods = self.methods if explained else [None]
        return {
            name: quantity
            for name, quantity in ordered_quantities().items()
            if quantity.explained == explained
            and any(self.series(quantity.metric, method).height for method in methods)
        }

    def guessing(self) -> float | None:
        """Accuracy of guessing: as given, or the reference in table metrics."""
        if self.chance is not None:
            return self.chance
        bounds = self.series("accuracy").select("reference_low", "reference_high").drop_nulls()
        return float(bounds.to_numpy().mean()) if bounds.height else None

    def counted(self, metric: str, method: str | None = None) -> str:
        """`60 examples, 6 independent texts`: the data of a metric; empty if unknown."""
        rows = self.series(metric, method)
        if rows.is_empty():
            return ""
        examples, clusters = rows.select("examples", "clusters").row(0)
        independent = clusters is None or clusters == examples
        return f"{examples} examples" + ("" if independent else f", {clusters} independent texts")

    def shown_levels(self, count: int = 3) -> list[int]:
        """A few levels that span the pruning path: dense, deepest, and evenly between."""
        last = len(self.levels) - 1
        places = {round(step * last / max(count - 1, 1)) for step in range(count)}
        return [self.levels[place] for place in sorted(places)]


def of_role(table: pl.DataFrame, role: str) -> list[str]:
    """Names of the attribution methods in a table that have this role, in order of name."""
    names: list[str] = table.filter(pl.col("role") == role)["method"].unique().sort().to_list()
    return names


def series(
    metrics: pl.DataFrame, metric: str, method: str | None = None, ranking: str = OWN
) -> pl.DataFrame:
    """Rows of one metric of one cell by level; of one method under the shown operator, if a method is given."""
    operator = shown_operator(metrics)
    rows = metrics.filter(pl.col("metric") == metric)
    if method is not None:
        rows = rows.filter(
            pl.col("method") == method,
            pl.col("ranking").fill_null(OWN).is_in([ranking, ""]),
            pl.col("operator").is_null() | pl.col("operator").is_in([operator or "", ""]),
        )
    return rows.unique("level", keep="first", maintain_order=True).sort("level")
