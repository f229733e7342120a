"""Comprehensiveness and sufficiency from saved tables: per fraction, per example, per level.

Both are full minus perturbed probability of the predicted choice: high comprehensiveness and low sufficiency
are better (DeYoung et al. 2020, ERASER, arXiv:1911.03429).
"""

from collections.abc import Callable, Mapping

import polars as pl

from keepfaith.artifacts.schemas import CURVES
from keepfaith.artifacts.tables import conform
from keepfaith.faithfulness.agreement import overlap
from keepfaith.faithfulness.rationale import r_precision

__all__ = [
    "AGGREGATES",
    "curves",
    "overlap",
    "per_example_aggregates",
    "r_precision",
    "summarise",
]

GROUP = ("level", "method", "role", "ranking", "operator", "kind")

AGGREGATES: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    # The study: sum over the non-empty fractions, divided by one more than their number. If all are empty, its formula
    # gives 0; here the value is null, as nothing was measured.
    "study": lambda difference: pl.when(difference.count() > 0).then(
        difference.sum() / (1 + difference.count())
    ),
    # ERASER's area over the perturbation curve: the plain mean over the non-empty fractions.
    "eraser": lambda difference: difference.mean(),
}
"""Aggregates of the fractions of one example, by name. Empty fractions (null) never count."""


def per_example_aggregates(frame: pl.DataFrame, aggregate: str = "study") -> pl.DataFrame:
    """One value per level, example, method, seed, ranking, operator and kind.

    Args:
        frame: a FAITHFULNESS table (or several, concatenated).
        aggregate: a key of `AGGREGATES`. With n non-empty fractions "study" is n / (n + 1) of "eraser".

    Returns:
        level, example_id, method, role, seed, ranking, operator, kind, value. Null if every fraction of an
        example is empty, as the prompt has too few tokens: nothing was removed.

    Raises:
        ValueError: there is no such aggregate.

    Examples:
        >>> cell = dict(
        ...     level=0, example_id="a", method="lime", role="method", seed=0, ranking="score", operator="delete",
        ...     kind="comprehensiveness",
        ... )
        >>> frame = pl.DataFrame([cell | {"difference": value} for value in (0.2, 0.4, None)])
        >>> round(per_example_aggregates(frame, "eraser")["value"].item(), 6)
        0.3
        >>> round(per_example_aggregates(frame, "study")["value"].item(), 6)
        0.2
    """
    if aggregate not in AGGREGATES:
        raise ValueError(f"no aggregate {aggregate!r}; there are {', '.join(AGGREGATES)}")
    keys = ["level", "example_id", "method", "role", "seed", "ranking", "operator", "kind"]
    value = AGGREGATES[aggregate](pl.col("difference"))
    return frame.group_by(keys).agg(value=value).sort(keys)


def summarise(per_example: pl.DataFrame) -> pl.DataFrame:
    """Mean over examples and seeds of per-example values, with the seed band.

    Args:
        per_example: the result of `per_example_aggregates`.

    Returns:
        level, method, role, ranking, operator, kind, value, seed_sd, seeds, examples. `seed_sd` is the sample
        standard deviation (n - 1) of the per-seed means, null for a single seed.
    """
    return _over_seeds(per_example, "value", list(GROUP)).select(
        *GROUP, "value", "seed_sd", "seeds", "examples"
    )


def curves(frame: pl.DataFrame, clusters: Mapping[str, int] | None = None) -> pl.DataFrame:
    """Mean difference at every fraction, with the seed band: a CURVES table.

    Args:
        frame: a FAITHFULNESS table (or several, concatenated). `examples` counts those whose prompt is long
            enough for the fraction to select a feature; `value` is null if there is none.
        clusters: the cluster of every example, as `statistics.clusters` groups them; without it, examples count as
            independent.
    """
    table = _over_seeds(frame, "difference", [*GROUP, "fraction"], clusters)
    return conform(table.drop("seeds"), CURVES)


def _over_seeds(
    frame: pl.DataFrame, column: str, keys: list[str], clusters: Mapping[str, int] | None = None
) -> pl.DataFrame:
    cluster = pl.col("example_id")
    if clusters is not None:
        cluster = cluster.replace_strict(clusters, return_dtype=pl.Int64)
    per_seed = (
        frame.group_by(*keys, "seed")
        .agg(
            mean=pl.col(column).mean(),
            examples=pl.col(column).count(),
            clusters=cluster.filter(pl.col(column).is_not_null()).n_unique(),
        )
        .sort(*keys, "seed")  # a fixed order of summation gives the same last digit
    )
    return (
        per_seed.group_by(keys)
        .agg(
            value=pl.col("mean").mean(),
            seed_sd=pl.col("mean").std(ddof=1),
            seeds=pl.len().cast(pl.Int64),
            examples=pl.col("examples").max().cast(pl.Int64),
            clusters=pl.col("clusters").max().cast(pl.Int64),
        )
        .sort(keys)
    )
