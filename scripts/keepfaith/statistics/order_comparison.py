"""Comparison of orders: the levels up to which each preserves accuracy, calibration and faithfulness."""

import polars as pl

from keepfaith.plugins.quantity import CONCERNS, judged_quantities
from keepfaith.statistics.verdict import summary

REACH = ("model", "order", "task", "concern", "kept", "clear")


def reach_by_concern(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Deepest kept and clear levels of every cell, per concern.

    Args:
        verdicts: VERDICT with the leading columns model, order and task.

    Returns:
        One row per model, order, task and concern that is watched, with the columns of `REACH`. kept: the level up to
        which every quantity of the concern is shown to be kept; clear: the level up to which none is shown to be
        degraded. Both count consecutive levels from the dense model.
    """
    judged = judged_quantities()
    rows = []
    cells = verdicts.filter(pl.col("level") > 0).group_by(
        "model", "order", "task", maintain_order=True
    )
    for cell, verdict in cells:
        for concern in CONCERNS:
            names = [name for name, quantity in judged.items() if quantity.concern == concern]
            watched = verdict.filter(pl.col("quantity").is_in(names))
            if watched.height:
                found = summary(watched)
                rows.append((*cell, concern, found.safe, found.clear))
    schema = dict.fromkeys(REACH[:4], pl.String) | dict.fromkeys(REACH[4:], pl.Int64)
    return pl.DataFrame(rows, schema=schema, orient="row")


def of_models_with_several_orders(table: pl.DataFrame) -> pl.DataFrame:
    """The rows of the models with several orders."""
    return table.filter(pl.col("order").n_unique().over("model") > 1)


def compare_orders(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Per model, order and concern the mean over tasks of kept and clear (see `reach_by_concern`).

    Models keep the order of the table. The orders of a model are sorted by the mean over concerns of kept, then of
    clear, largest first, then by name: the noisier an order's values, the longer it is clear.
    """
    reach = reach_by_concern(verdicts)
    models = {name: at for at, name in enumerate(reach["model"].unique(maintain_order=True))}
    concerns = {name: at for at, name in enumerate(CONCERNS)}
    means = reach.group_by("model", "order", "concern").agg(
        pl.col("kept", "clear").mean(), tasks=pl.len()
    )
    path = ("model", "order")
    return means.sort(
        pl.col("model").replace_strict(models, return_dtype=pl.Int64),
        -pl.col("kept").mean().over(path).round(9),
        -pl.col("clear").mean().over(path).round(9),
        "order",
        pl.col("concern").replace_strict(concerns, return_dtype=pl.Int64),
    ).select(*path, "concern", "tasks", "kept", "clear")
