"""Verdict: the level up to which a model can be pruned before a judged quantity degrades."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import polars as pl

from keepfaith.artifacts.schemas import VERDICT
from keepfaith.artifacts.tables import conform
from keepfaith.config.probabilities import SUM, ProbabilityUnit
from keepfaith.plugins.quantity import Quantity, judged_quantities
from keepfaith.statistics.clusters import MINIMUM_CLUSTERS
from keepfaith.statistics.confidence_curve import ConfidenceCurve
from keepfaith.statistics.evidence import beyond_margin, fewest_texts, too_few_to_keep
from keepfaith.statistics.multiple import holm
from keepfaith.statistics.power import with_power
from keepfaith.statistics.quantity_rows import QuantityRows, quantity_rows

KEPT, DEGRADED, HARMED, UNDECIDED = "kept", "degraded", "harmed", "undecided"
STATUSES = (KEPT, UNDECIDED, HARMED, DEGRADED)
"""From the best to the worst."""

_DECIMALS = 12


def verdict(
    metrics: pl.DataFrame,
    margins: Mapping[str, float],
    *,
    confidence: float = 0.95,
    operator: str | None = None,
    explained: bool = True,
    probabilities: ProbabilityUnit = SUM,
) -> pl.DataFrame:
    """VERDICT of every pruned level and judged quantity.

    Kept (non-inferior): the upper end of the harm's interval is within the margin, with at least `fewest_texts`
    independent texts, and with a margin smaller than the dense model's whole advantage over chance. Harmed: the harm is
    shown to exceed 0, by the one-sided test at (1 - confidence) / 2 after Holm's correction over the levels of that
    quantity. Degraded (inferior): it is also shown to exceed the margin, by the lower end of its interval at Holm's
    confidence. Undecided (inconclusive): none of these, or fewer than `MINIMUM_CLUSTERS` independent texts. A quantity
    with a margin and without a value at a level is undecided there, never left out.

    Args:
        metrics: METRICS of one model, order and task.
        margins: tolerated harm by name of the judged quantity.
        confidence: of the intervals in `metrics`.
        operator: whose faithfulness is judged; by default the study's (retokenise) if it was run.
        explained: whether the study explains; otherwise the margins of explanations are ignored.
        probabilities: what the probabilities in `metrics` come from.

    Raises:
        ValueError: a margin is for a quantity that is not judged.
    """
    tables = []
    rows = judged_rows(metrics, margins, operator=operator, explained=explained)
    for _, of_quantity in groupby(rows, key=lambda row: row[0].name):
        methods, (margin, *_) = zip(*of_quantity, strict=True)
        of = None if methods[0].quantity.explained else probabilities
        judged = _judged(methods, margin, confidence)
        tables.append(judged.with_columns(probabilities=pl.lit(of, pl.String)))
    empty = pl.DataFrame(schema=dict(VERDICT.columns))
    return conform(pl.concat([empty, *(table.select(empty.columns) for table in tables)]), VERDICT)


def judged_rows(
    metrics: pl.DataFrame,
    margins: Mapping[str, float],
    *,
    operator: str | None = None,
    explained: bool = True,
) -> Iterator[tuple[QuantityRows, float]]:
    """What `verdict` judges, each with its margin, in its order; arguments and errors are those of `verdict`."""
    judged = judged_quantities()
    unknown = sorted(set(margins) - set(judged))
    if unknown:
        raise ValueError(f"no quantity {unknown[0]!r} is judged; there are {', '.join(judged)}")
    chosen = {
        name: quantity
        for name, quantity in judged.items()
        if name in margins and (explained or not quantity.explained)
    }
    for each in quantity_rows(metrics, chosen, operator or shown_operator(metrics)):
        yield each, margins[each.name]


def _judged(methods: Sequence[QuantityRows], margin: float, confidence: float) -> pl.DataFrame:
    """One quantity, of each of its methods or of the model, at all pruned levels."""
    rows, watched = pl.concat([each.rows for each in methods]), methods[0].quantity
    harmful = watched.harmful
    ends = ("change_low", "change_high") if harmful > 0 else ("change_high", "change_low")

    def column(of: Callable[[QuantityRows], Iterable[object]], type: Any) -> pl.Series:
        """Of all methods, one value per level."""
        return pl.Series([value for each in methods for value in of(each)], dtype=type)

    table = rows.select(
        "level",
        quantity=pl.lit(methods[0].name),
        method="method",
        harm=pl.col("change") * harmful,
        harm_low=pl.col(ends[0]) * harmful,
        harm_high=pl.col(ends[1]) * harmful,
        margin=pl.lit(float(margin)),
        beyond_margin=column(lambda each: _exceeding(each.curves, margin), pl.Float64),
        advantage=column(lambda each: [each.advantage] * each.rows.height, pl.Float64),
        p_value=column(lambda each: _adjusted(each.rows, harmful), pl.Float64),
        examples="examples",
        clusters="clusters",
        tested=pl.col("p_value").count().over("method"),
        measured=(pl.col("metric").count() > 0).over("method"),
        beyond=column(lambda each: _beyond(each.rows, harmful, margin), pl.Boolean),
    )
    harmed = pl.col("p_value") <= largest_passing(confidence)
    within = pl.col("harm_high") <= pl.col("margin")
    needed = fewest_texts(margin, watched.largest, confidence)
    few = (pl.col("clusters") < needed).fill_null(value=False)
    status = (
        pl.when(pl.col("clusters") < MINIMUM_CLUSTERS)
        .then(pl.lit(UNDECIDED))
        .when(within & ~few & ~nothing_to_lose())
        .then(pl.lit(KEPT))
        .when(harmed & pl.col("beyond"))
        .then(pl.lit(DEGRADED))
        .when(harmed)
        .then(pl.lit(HARMED))
        .otherwise(pl.lit(UNDECIDED))
    )
    reason = _reason(watched, confidence)
    if watched.largest is not None:
        of_few = too_few_to_keep(margin, watched.largest, needed)
        reason = pl.coalesce(reason, pl.when(within & few).then(of_few))
    found = table.with_columns(status=status).with_columns(reason=reason)
    found = with_power(found, watched.largest, confidence)
    return found.with_columns(enough=pl.when(~nothing_to_lose()).then("enough"))


def nothing_to_lose() -> pl.Expr:
    """Whether the margin of a row of VERDICT covers all that the dense model could lose: no text shows it kept."""
    return (pl.col("advantage") <= pl.col("margin")).fill_null(value=False)


def has_nothing_to_lose(rows: pl.DataFrame) -> pl.Series:
    """`nothing_to_lose` of every row of VERDICT, or of POOLED, whose means leave such tasks out."""
    if "advantage" not in rows.columns:
        return pl.repeat(value=False, n=rows.height, eager=True)
    return rows.select(nothing_to_lose()).to_series()


def _beyond(rows: pl.DataFrame, harmful: int, margin: float) -> list[bool]:
    """Levels at which harm beyond the margin is shown, after Holm over those with an interval."""
    ends = rows["holm_low" if harmful > 0 else "holm_high"].to_list()
    lower = [None if of_level is None else [harmful * x for x in of_level] for of_level in ends]
    return beyond_margin(lower, margin)


def _exceeding(curves: Sequence[ConfidenceCurve | None], margin: float) -> list[float | None]:
    """The confidence that the harm exceeds the margin, by level; None without an interval."""
    return [
        None if curve is None else round(curve.p_at_least(margin), _DECIMALS) for curve in curves
    ]


def _reason(watched: Quantity, confidence: float) -> pl.Expr:
    """Reason why a quantity is not kept, other than the width of its interval; null otherwise."""
    # One-sided, after Holm's correction; compare config.draws for the other bound on a p-value.
    least = pl.col("tested") * pl.lit(2.0).pow(-pl.col("clusters").cast(pl.Float64))
    undecided = pl.col("status") == UNDECIDED
    powerless = undecided & (least > largest_passing(confidence))
    unmeasured = "it was not measured" + (
        ": no attribution method under test was run, or no prompt is long enough for a fraction of its tokens"
        if watched.explained
        else ""
    )
    return (
        pl.when(pl.col("harm").is_null() & ~pl.col("measured"))
        .then(pl.lit(unmeasured))
        .when(pl.col("harm").is_null())
        .then(pl.lit("it has no value at this level or none at the dense level"))
        .when(pl.col("clusters") < MINIMUM_CLUSTERS)
        .then(
            pl.format(
                "{} examples rest on {} independent texts, at least {} are needed (passage: none in the task or the "
                "import says that they are independent)",
                "examples", "clusters", pl.lit(MINIMUM_CLUSTERS),
            )
        )
        .when(nothing_to_lose() & ((pl.col("harm_high") <= pl.col("margin")) | undecided))
        .then(pl.col("advantage").map_elements(_too_little, return_dtype=pl.String))
        .when(powerless & pl.lit(watched.by_signs))
        .then(
            pl.format("{} independent texts can show no harm at {} levels", "clusters", "tested")
        )
    )  # fmt: skip


def _too_little(advantage: float) -> str:
    if advantage <= 0:
        return "the dense model is by estimate no better than chance: there is nothing to lose"
    return (
        f"the dense model is {advantage:.4f} better than chance by estimate, within the margin: there is too little "
        "to lose"
    )


def largest_passing(confidence: float) -> float:
    """The p-value that passes; METRICS round p-values to 12 decimals, and the smallest possible p-value must pass."""
    return (1 - confidence) / 2 + 1e-9


def _adjusted(rows: pl.DataFrame, harmful: int) -> list[float | None]:
    """One-sided p-values of harm above zero, after Holm over the tested levels; None at the others."""
    harm = rows["change"].to_numpy() * harmful
    two_sided = rows["p_value"].to_numpy()
    tested = np.isfinite(harm) & np.isfinite(two_sided)
    one_sided = np.where(harm > 0, two_sided / 2, 1 - two_sided / 2)[tested]
    adjusted = iter(holm(one_sided).tolist())
    return [next(adjusted) if known else None for known in tested]


def shown_operator(metrics: pl.DataFrame) -> str | None:
    """The operator whose faithfulness is judged and shown: the study's if it was run."""
    found = [name for name in metrics["operator"].drop_nulls().unique().sort() if name]
    return "retokenise" if "retokenise" in found else next(iter(found), None)


@dataclass(frozen=True)
class Answer:
    """Summary of a verdict.

    Attributes:
        levels: the judged pruned levels, ascending.
        clear: no degradation shown up to this level; with few examples little is ever shown, so by itself it says
            nothing in favour of a model.
        safe: everything shown to be kept up to this level; at most `clear`.
        kept_at: the levels at which everything is shown to be kept, whatever comes before them.
        degraded_at: the levels with a quantity shown to be degraded.
        harmed_at: the other levels with a quantity shown to be harmed.
        breaks_first: the quantities degraded at the first of these, as (quantity, method), by harm in margins.
    """

    levels: tuple[int, ...]
    clear: int
    safe: int
    kept_at: tuple[int, ...]
    degraded_at: tuple[int, ...]
    harmed_at: tuple[int, ...]
    breaks_first: tuple[tuple[str, str | None], ...]

    @property
    def deepest(self) -> int:
        """The deepest level that was judged."""
        return self.levels[-1]

    @property
    def first_unsafe(self) -> int | None:
        """The first judged level with a quantity not shown to be kept, or None."""
        return next((level for level in self.levels if level > self.safe), None)

    @property
    def breaks_at(self) -> int | None:
        """The first level with a degraded quantity, or None."""
        return min(self.degraded_at, default=None)


def summary(verdict: pl.DataFrame) -> Answer:
    """The deepest safe and clear levels of a VERDICT, and the quantities that degrade first.

    A level is safe only if every quantity that the verdict judges anywhere is kept there.

    Raises:
        ValueError: the verdict has no row.
    """
    if verdict.is_empty():
        raise ValueError("the verdict has no row, so it has no summary")
    levels: list[int] = verdict["level"].unique().sort().to_list()
    broken = verdict.filter(status=DEGRADED)
    degraded_at = tuple(broken["level"].unique().sort().to_list())
    harmed = verdict.filter(pl.col("status") == HARMED, ~pl.col("level").is_in(degraded_at))
    first = broken.filter(pl.col("level") == min(degraded_at, default=-1))
    worst = pl.col("harm") / pl.col("margin")
    first = first.sort(worst, "quantity", "method", descending=[True, False, False])
    judged = verdict.select("quantity", "method").n_unique()
    kept = dict(verdict.filter(status=KEPT).group_by("level").len().iter_rows())
    unsafe = [level for level in levels if kept.get(level, 0) < judged]
    return Answer(
        levels=tuple(levels),
        clear=_before(levels, min(degraded_at, default=None)),
        safe=_before(levels, min(unsafe, default=None)),
        kept_at=tuple(level for level in levels if level not in unsafe),
        degraded_at=degraded_at,
        harmed_at=tuple(harmed["level"].unique().sort().to_list()),
        breaks_first=tuple(first.select("quantity", "method").rows()),
    )


def level_before_gap(levels: list[int], kept: Container[int]) -> int:
    """The level up to which every level is in `kept`; 0 if the first is not."""
    return _before(levels, min((level for level in levels if level not in kept), default=None))


def _before(levels: list[int], stop: int | None) -> int:
    """The last level before `stop`, 0 if there is none; the deepest without a stop."""
    return max((level for level in levels if stop is None or level < stop), default=0)
