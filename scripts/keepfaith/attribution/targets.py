"""Which option each level predicts: the target of its explanations."""

import polars as pl


def predicted_options(predictions: pl.DataFrame) -> pl.DataFrame:
    """The most likely option of every level and example; ties go to the lowest option index.

    Args:
        predictions: a PREDICTIONS table.

    Returns:
        level, example_id, target.
    """
    return (
        predictions.sort("log_likelihood", "option", descending=[True, False])
        .group_by("level", "example_id", maintain_order=True)
        .agg(target=pl.col("option").first())
        .sort("level", "example_id")
    )
