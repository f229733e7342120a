"""Accuracy that published models retain without some of their attention layers, beside a study's own."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from keepfaith.artifacts.frames import read_csv
from keepfaith.artifacts.tables import ArtifactError
from keepfaith.figures.published import SOURCE

_ATTENTION = "attention"
MEAN_OF_TASKS = "mean"
"""In column `task` of the file: the score is a mean over tasks, which `score` names. In tables such a task is null."""

SHARE_TOLERANCE = 0.05
"""Largest difference of two dropped shares of the attention layers that are set beside each other."""

STUDY_LAYERS = 32
"""Attention layers of the two models of the published study."""

LITERATURE = {
    "source": pl.String,
    "model": pl.String,
    "component": pl.String,
    "share": pl.Float64,
    "task": pl.String,
    "score": pl.String,
    "retained": pl.Float64,
    "speedup": pl.Float64,
}
"""Columns of published rows: `share` of the components dropped, accuracy divided by that of the dense model
(`retained`) and, where it was published, the speed divided by the dense model's."""

OWN_RETAINED = {
    "model": pl.String,
    "order": pl.String,
    "task": pl.String,
    "tasks": pl.Int64,
    "level": pl.Int64,
    "share": pl.Float64,
    "dense": pl.Float64,
    "retained": pl.Float64,
}
"""Columns of a study's own rows; `task` is null for the mean over its tasks, and `tasks` their number."""

_COMPONENTS = (_ATTENTION, "mlp", "block", "parameters")
_WORDS = ("source", "model", "component", "task", "score")
_NUMBERS = ("layers", "dropped", "share", "dense", "pruned", "retained", "speedup")
_NEEDED = ("share", "retained")
_ROUNDING = 6e-4
"""Of a value with three decimals, and of the two that it is the ratio of."""


def read_literature(path: Path) -> pl.DataFrame:
    """Read a catalog of published accuracies after dropping layers; columns `LITERATURE`.

    Raises:
        ArtifactError: a column is missing, or a row is wrong; in one line that names it.
    """
    try:
        frame = read_csv(path)
    except pl.exceptions.PolarsError as error:
        raise ArtifactError(f"{path}: no table: {str(error).splitlines()[0]}") from error
    missing = [name for name in (*_WORDS, *_NUMBERS, "note") if name not in frame.columns]
    if missing:
        raise ArtifactError(f"{path}: the literature's numbers need the columns {missing}")
    texts = frame.with_columns(pl.all().cast(pl.String))
    numbers = texts.with_columns(pl.col(_NUMBERS).cast(pl.Float64, strict=False))
    for index, (row, text) in enumerate(
        zip(numbers.iter_rows(named=True), texts.iter_rows(named=True), strict=True)
    ):
        problem = _problem(row, text)
        if problem:
            raise ArtifactError(f"{path}: line {index + 2} ({text['source']}): {problem}")
    named = numbers.with_columns(pl.col("task").replace(MEAN_OF_TASKS, None))
    return named.select(pl.col(name).cast(kind) for name, kind in LITERATURE.items())


def _problem(row: dict[str, float | None], text: dict[str, str | None]) -> str | None:
    """Why a row is wrong, with the value to type instead where it is known; None if it is right."""
    for name in _WORDS:
        if not (text[name] or "").strip():
            return f"{name} is empty"
    for name in _NUMBERS:
        value = row[name]
        if value is None and text[name] is not None:
            return f"{name} must be a number, not {text[name]!r}"
        if value is None and name in _NEEDED:
            return f"{name} is empty"
        if value is not None and not 0 < value < float("inf"):
            return f"{name} must be above 0, not {text[name]}"
    if text["component"] not in _COMPONENTS:
        return f"component must be one of {', '.join(_COMPONENTS)}, not {text['component']!r}"
    return _contradiction(row)


def _contradiction(row: dict[str, float | None]) -> str | None:
    share, retained = row["share"] or 0.0, row["retained"] or 0.0
    if share > 1:
        return f"share must be at most 1, not {share:g}"
    if row["dropped"] and row["layers"]:
        of_layers = row["dropped"] / row["layers"]
        if abs(share - of_layers) > _ROUNDING:
            return f"share must be dropped / layers, {of_layers:g}, not {share:g}"
    if row["dense"] and row["pruned"]:
        ratio = row["pruned"] / row["dense"]
        if abs(retained - ratio) > _ROUNDING:
            return f"retained must be pruned / dense, {ratio:.3f}, not {retained:g}"
    return None


def with_published_study(
    literature: pl.DataFrame, published: pl.DataFrame, tasks: Sequence[str]
) -> pl.DataFrame:
    """The literature's rows of dropped attention, and those of the published study for these tasks.

    Args:
        literature: what `read_literature` returns.
        published: what `published.read_published` returns; its model names are repositories.
        tasks: names of the study's tasks. Where the published study has all of several, their mean is a row as well.

    Returns:
        Columns `LITERATURE`.
    """
    own = published.filter(pl.col("dataset").is_in(list(tasks)))
    tables = [own.select("model", "n_dropped", "accuracy", task="dataset")]
    if len(tasks) > 1 and set(tasks) <= set(own["dataset"]):
        mean = own.group_by("model", "n_dropped", maintain_order=True)
        tables.append(
            mean.agg(pl.col("accuracy").mean())
            .with_columns(task=pl.lit(None, dtype=pl.String))
            .select(tables[0].columns)
        )
    rows = pl.concat(tables)
    dense = rows.filter(n_dropped=0).select("model", "task", dense="accuracy")
    rows = rows.filter(pl.col("n_dropped") > 0).join(
        dense, on=["model", "task"], nulls_equal=True, maintain_order="left"
    )
    study = rows.select(
        pl.lit(SOURCE).alias("source"),
        "model",
        pl.lit(_ATTENTION).alias("component"),
        (pl.col("n_dropped") / STUDY_LAYERS).alias("share"),
        "task",
        pl.col("task").fill_null(f"mean of these {len(tasks)} tasks").alias("score"),
        (pl.col("accuracy") / pl.col("dense")).alias("retained"),
        pl.lit(None, dtype=pl.Float64).alias("speedup"),
    )
    return pl.concat([literature.filter(component=_ATTENTION), study])


def retained_accuracy(metrics: pl.DataFrame, order: pl.DataFrame) -> pl.DataFrame:
    """Accuracy of every level divided by that of the dense model, of each task and of the mean over tasks.

    Args:
        metrics: METRICS with leading columns model, order and task.
        order: ORDER with leading columns model and order. Paths that it lacks (checkpoints) have no rows, and neither
            have levels without anything but attention layers dropped.

    Returns:
        Columns `OWN_RETAINED`, of pruned levels.
    """
    accuracy = metrics.filter(metric="accuracy").drop_nulls("value")
    single = accuracy.select("model", "order", "task", "level", "value", tasks=pl.lit(1))
    means = (
        accuracy.group_by("model", "order", "level", maintain_order=True)
        .agg(pl.col("value").mean(), tasks=pl.col("task").n_unique())
        .filter(pl.col("tasks") > 1)
        .select("model", "order", pl.lit(None, dtype=pl.String).alias("task"), "level", "value", "tasks")
    )  # fmt: skip
    rows = pl.concat([single.cast({"tasks": pl.Int64}), means.cast({"tasks": pl.Int64})])
    key = ["model", "order", "task"]
    dense = rows.filter(level=0).select(*key, dense="value").filter(pl.col("dense") > 0)
    return (
        rows.join(dense, on=key, nulls_equal=True, maintain_order="left")
        .join(attention_shares(order), on=["model", "order", "level"], maintain_order="left")
        .with_columns(retained=pl.col("value") / pl.col("dense"))
        .select(pl.col(name).cast(kind) for name, kind in OWN_RETAINED.items())
        .sort("model", "order", "task", "level", nulls_last=False, maintain_order=True)
    )


def attention_shares(order: pl.DataFrame) -> pl.DataFrame:
    """Share of the attention layers that each level drops, of levels that drop nothing else."""
    path = ["model", "order"]
    is_attention = pl.col("component") == _ATTENTION
    ranked = order.sort(*path, "position").with_columns(
        alone=is_attention.cum_prod().over(path).cast(pl.Boolean),
        layers=is_attention.sum().over(path),
    )
    return ranked.filter("alone").select(
        *path, level="position", share=pl.col("position") / pl.col("layers")
    )


def beside(own: pl.DataFrame, published: pl.DataFrame) -> pl.DataFrame:
    """Own rows with the published ones of the same task, or of means, at the nearest share.

    Args:
        own: what `retained_accuracy` returns.
        published: what `with_published_study` returns.

    Returns:
        The columns of `own`, then `source`, `published_model`, `published_share`, `score`, `published_retained` and
        `speedup`: for each own row one row per source, model and score that has one within `SHARE_TOLERANCE`.
    """
    theirs = published.select(
        "source", "score", "speedup", "component",
        "task", published_model="model", published_share="share", published_retained="retained",
    )  # fmt: skip
    distance = (pl.col("share") - pl.col("published_share")).abs()
    series = ["model", "order", "task", "level", "source", "published_model", "score"]
    return (
        own.join(theirs, on="task", nulls_equal=True, maintain_order="left_right")
        .with_columns(distance=distance.round(9))
        .filter(pl.col("distance") <= SHARE_TOLERANCE)
        .sort(*series, "distance", "published_share", maintain_order=True)
        .unique(series, keep="first", maintain_order=True)
        .drop("distance")
    )
