"""How far a model can be pruned before something that matters degrades."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from keepfaith.artifacts.schemas import VERDICT
from keepfaith.artifacts.tables import conform
from keepfaith.statistics.multiple import holm

RANDOM = "random"
KEPT, DEGRADED, UNDECIDED = "kept", "degraded", "undecided"


@dataclass(frozen=True)
class Watched:
    """A quantity the verdict looks at: its METRICS row and which change is harmful (+1 a rise, -1 a fall)."""

    metric: str
    harmful: int
    explained: bool = False


WATCHED: dict[str, Watched] = {
    "accuracy": Watched("accuracy", -1),
    "ece": Watched("ece", +1),
    "brier": Watched("brier", +1),
    "comprehensiveness": Watched("comprehensiveness_study", -1, explained=True),
    "sufficiency": Watched("sufficiency_study", +1, explained=True),
}
"""By name, as in the config's margins. Explained ones are judged per method by the study's aggregate."""


def verdict(
    metrics: pl.DataFrame,
    margins: Mapping[str, float],
    *,
    confidence: float = 0.95,
    operator: str | None = None,
) -> pl.DataFrame:
    """VERDICT of every pruned level and watched quantity.

    Kept: the upper end of the harm's interval lies within the margin. Degraded: the harm exceeds the margin and is
    shown to exceed 0 by a one-sided test at (1 - confidence) / 2, after Holm's correction over the levels of that
    quantity. Undecided: neither.

    Args:
        metrics: METRICS of one model, order and task.
        margins: tolerated harm by name of the quantity; a key of WATCHED each.
        confidence: as the intervals in `metrics` have.
        operator: whose faithfulness counts; by default the study's (retokenise) where it was run.

    Raises:
        ValueError: a margin is for a quantity that is not watched.
    """
    unknown = sorted(set(margins) - set(WATCHED))
    if unknown:
        raise ValueError(f"no quantity {unknown[0]!r} is watched; there are {', '.join(WATCHED)}")
    pruned = metrics.filter(pl.col("level") > 0, pl.col("change").is_not_null())
    chosen = operator or shown_operator(pruned)
    tables = []
    for quantity, margin in margins.items():
        watched = WATCHED[quantity]
        rows = pruned.filter(pl.col("metric") == watched.metric)
        if watched.explained:
            rows = rows.filter(
                pl.col("operator") == chosen,
                pl.col("ranking") == "method",
                pl.col("method") != RANDOM,
            )
        for _, of_method in rows.sort("method", "level").group_by("method", maintain_order=True):
            tables.append(_judged(of_method, quantity, watched.harmful, margin, confidence))
    empty = pl.DataFrame(schema=dict(VERDICT.columns))
    return conform(pl.concat([empty, *tables]), VERDICT)


def _judged(
    rows: pl.DataFrame, quantity: str, harmful: int, margin: float, confidence: float
) -> pl.DataFrame:
    """One quantity of one method at all pruned levels."""
    ends = ("change_low", "change_high") if harmful > 0 else ("change_high", "change_low")
    harm = rows["change"].to_numpy() * harmful
    two_sided = rows["p_value"].to_numpy()
    adjusted = holm(np.where(harm > 0, two_sided / 2, 1 - two_sided / 2))
    table = rows.select(
        "level",
        quantity=pl.lit(quantity),
        method="method",
        harm=pl.col("change") * harmful,
        harm_low=pl.col(ends[0]) * harmful,
        harm_high=pl.col(ends[1]) * harmful,
        margin=pl.lit(float(margin)),
        p_value=pl.Series(adjusted),
    )
    shown = (pl.col("harm") > pl.col("margin")) & (pl.col("p_value") <= (1 - confidence) / 2)
    status = (
        pl.when(pl.col("harm_high") <= pl.col("margin"))
        .then(pl.lit(KEPT))
        .when(shown)
        .then(pl.lit(DEGRADED))
        .otherwise(pl.lit(UNDECIDED))
    )
    return table.with_columns(status=status)


def shown_operator(metrics: pl.DataFrame) -> str | None:
    """The operator whose faithfulness is judged and shown: the study's where it was run."""
    found = [name for name in metrics["operator"].drop_nulls().unique().sort() if name]
    return "retokenise" if "retokenise" in found else next(iter(found), None)


@dataclass(frozen=True)
class Answer:
    """The verdict in short.

    Attributes:
        deepest: the deepest level that was judged.
        clear: no degradation shown up to this level.
        safe: everything shown to be kept up to this level; at most `clear`.
        breaks_at: the first level at which something is degraded, or None.
        breaks_first: what is degraded there, as (quantity, method), the largest harm in margins first.
    """

    deepest: int
    clear: int
    safe: int
    breaks_at: int | None
    breaks_first: tuple[tuple[str, str | None], ...]

    def sentence(self) -> str:
        """What a reader should take away."""
        safe = (
            f"Shown safe up to level {self.safe}" if self.safe else "No pruned level is shown safe"
        )
        if self.breaks_at is None:
            return f"{safe}; no degradation shown up to level {self.clear}, the deepest one."
        names = ", ".join(f"{name} ({of})" if of else name for name, of in self.breaks_first)
        return f"{safe}; no degradation shown up to level {self.clear}; at level {self.breaks_at} degraded: {names}."


def summary(verdict: pl.DataFrame) -> Answer:
    """The deepest safe and clear levels of a VERDICT, and what breaks first.

    Raises:
        ValueError: the verdict has no row.
    """
    if verdict.is_empty():
        raise ValueError("the verdict has no row; there is nothing to sum up")
    levels: list[int] = verdict["level"].unique().sort().to_list()
    broken = verdict.filter(status=DEGRADED)
    breaks_at = _first(broken)
    first = broken.filter(pl.col("level") == breaks_at) if breaks_at is not None else broken
    worst = pl.col("harm") / pl.col("margin")
    first = first.sort(worst, "quantity", "method", descending=[True, False, False])
    return Answer(
        deepest=levels[-1],
        clear=_before(levels, breaks_at),
        safe=_before(levels, _first(verdict.filter(pl.col("status") != KEPT))),
        breaks_at=breaks_at,
        breaks_first=tuple(first.select("quantity", "method").rows()),
    )


def _first(rows: pl.DataFrame) -> int | None:
    """The lowest level among the rows."""
    return min(rows["level"].to_list(), default=None)


def _before(levels: list[int], stop: int | None) -> int:
    """The last level before `stop`, 0 where there is none; the deepest where nothing stops."""
    return max((level for level in levels if stop is None or level < stop), default=0)
