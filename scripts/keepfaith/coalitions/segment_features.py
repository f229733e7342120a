"""Explanations of segments, one row per segment: what tables of token scores hold, for readers of both."""

import polars as pl


def segment_features(explanations: pl.DataFrame) -> pl.DataFrame:
    """One row per segment of every explanation, with the columns that ATTRIBUTIONS and it have in common.

    Args:
        explanations: an EXPLANATIONS table.

    Returns:
        level, example_id, method, role, seed, target, feature (number of the segment), start and end (its characters in
        the prompt), score.
    """
    keys = ["level", "example_id", "method", "role", "seed", "target"]
    features = pl.int_ranges(pl.col("scores").list.len()).alias("feature")
    return (
        explanations.select(*keys, features, "segments", score="scores")
        .explode("feature", "segments", "score")
        .unnest("segments")
        .select(*keys, "feature", "start", "end", "score")
    )
