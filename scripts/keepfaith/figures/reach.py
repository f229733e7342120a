"""Deepest kept and clear levels of each judged quantity."""

import polars as pl

from keepfaith.statistics.verdict import Answer, summary

Watched = tuple[str, str | None]
"""Quantity and, for explanations, method."""


def reaches(verdict: pl.DataFrame) -> dict[Watched, Answer]:
    """The answer of every quantity and method, in the order of the table; level 0 is not judged."""
    pruned = verdict.filter(pl.col("level") > 0)
    return {
        (name, method): summary(of_quantity(pruned, name, method))
        for name, method in watched(pruned)
    }


def watched(verdict: pl.DataFrame) -> list[Watched]:
    """Quantities and methods in the order of the table."""
    return verdict.select("quantity", "method").unique(maintain_order=True).rows()


def of_quantity(verdict: pl.DataFrame, name: str, method: str | None) -> pl.DataFrame:
    """Rows of one quantity and method."""
    return verdict.filter(pl.col("quantity") == name, pl.col("method").eq_missing(pl.lit(method)))
