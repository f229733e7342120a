"""Table of the accuracy that a study's levels retain, beside published results of the same task and a similar share."""

from collections.abc import Iterable

import polars as pl

from keepfaith.figures.literature import SHARE_TOLERANCE, beside, retained_accuracy
from keepfaith.report.tables import PageTable, TableCell, number

LITERATURE_TITLE = "Published numbers beside these"
LITERATURE_NOTE = (
    "Attention dropped: share of all attention layers. Retained: accuracy divided by that of the dense model. Levels "
    "that drop attention layers alone, beside the published result with the nearest dropped share, at most "
    f"{SHARE_TOLERANCE:g} away, of each source, model and score: of the same task, or a mean over tasks beside the "
    "mean over this study's tasks. The published results are of other models, versions of the tasks and prompts, to be "
    "read as orders of magnitude."
)

_MOST_LEVELS = 8
"""Of a pruning path with more, the table has the levels nearest to each eighth of the attention layers."""

_HEADER = (
    "Model, order",
    "Task",
    "Level",
    "Attention dropped",
    "Retained",
    "Retained there",
    "Attention dropped there",
    "Published model, score",
    "Source",
)


def literature_table(
    metrics: pl.DataFrame, order: pl.DataFrame, literature: pl.DataFrame
) -> PageTable | None:
    """One row per level and published result; None if nothing matches.

    Args:
        metrics: METRICS of all cells with leading columns model, order and task.
        order: ORDER of all pruning paths with leading columns model and order.
        literature: what `literature.with_published_study` returns.
    """
    own = retained_accuracy(metrics, order)
    matching = beside(_thinned(own), literature)
    if matching.is_empty():
        return None
    return PageTable(LITERATURE_TITLE, _HEADER, tuple(_rows(matching)), folded=True)


def _thinned(own: pl.DataFrame) -> pl.DataFrame:
    path = ["model", "order", "task"]
    eighths = pl.DataFrame({"eighth": [step / _MOST_LEVELS for step in range(1, _MOST_LEVELS + 1)]})
    many = pl.col("level").n_unique().over(path) > _MOST_LEVELS
    nearest = (
        own.filter(many)
        .join(eighths, how="cross")
        .with_columns(distance=(pl.col("share") - pl.col("eighth")).abs())
        .filter(pl.col("distance") <= SHARE_TOLERANCE)
        .sort("distance", "level", maintain_order=True)
        .unique([*path, "eighth"], keep="first", maintain_order=True)
        .select(own.columns)
        .unique(maintain_order=True)
    )
    kept = pl.concat([own.filter(~many), nearest])
    return kept.sort(*path, "level", nulls_last=False, maintain_order=True)


def _rows(matching: pl.DataFrame) -> Iterable[tuple[TableCell, ...]]:
    for row in matching.iter_rows(named=True):
        mean = f"mean over {row['tasks']} tasks"
        texts = (
            f"{row['model']}, {row['order']}",
            mean if row["task"] is None else row["task"],
            str(row["level"]),
            number(row["share"]),
            number(row["retained"]),
            number(row["published_retained"]),
            number(row["published_share"]),
            f"{row['published_model']}, {row['score']}",
            row["source"],
        )
        yield tuple(map(TableCell, texts))
