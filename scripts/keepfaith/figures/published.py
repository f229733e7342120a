"""Published numbers: drawn over a run of the same model on the same dataset, and read at the margins of a study."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from keepfaith.artifacts.frames import read_csv
from keepfaith.artifacts.tables import ArtifactError
from keepfaith.plugins.quantity import QUANTITIES

HARMS = {
    "model": pl.String,
    "dataset": pl.String,
    "level": pl.Int64,
    "quantity": pl.String,
    "method": pl.String,
    "own": pl.String,
    "harm": pl.Float64,
}
"""Columns of `published_harms`."""

_DIGITS = 9
"""Published values have three decimals: a change of exactly the margin must not exceed it by rounding."""

SOURCE = "published (arXiv:2606.24970)"
COLUMNS = ("model", "dataset", "n_dropped", "accuracy", "ece")


def read_published(path: Path) -> pl.DataFrame:
    """Read a catalog of published numbers: model, dataset, n_dropped and one column per quantity.

    Raises:
        ArtifactError: the file lacks one of the key columns.
    """
    frame = read_csv(path)
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise ArtifactError(f"{path}: published numbers need the columns {missing}")
    return frame


def match_published(
    frame: pl.DataFrame, repository: str | None, dataset: str, methods: Mapping[str, str]
) -> pl.DataFrame | None:
    """Rows of one model repository and dataset, by level; None if nothing was published.

    Args:
        frame: what `read_published` returns; its columns of explanations end with the module of a method.
        repository: the model's, or None.
        dataset: name of the task.
        methods: module of each attribution method of the study, by its name in the study. Columns of explanations are
            returned under these names, so that a method is compared only with the same method.
    """
    if repository is None:
        return None
    kinds = tuple(name for name, each in QUANTITIES.all().items() if each.explained)
    named = {
        f"{kind}_{name}": pl.col(f"{kind}_{method}")
        for kind in kinds
        for name, method in methods.items()
        if f"{kind}_{method}" in frame.columns
    }
    explained = [name for name in frame.columns if name.startswith(kinds)]
    rows = frame.filter(
        (pl.col("model").str.to_lowercase() == repository.lower()) & (pl.col("dataset") == dataset)
    ).sort("n_dropped")
    rows = rows.select(pl.exclude(explained), **named) if explained else rows
    return rows if rows.height else None


def published_harms(frame: pl.DataFrame, methods: Mapping[str, str]) -> pl.DataFrame:
    """The change of every published value against the dense row, positive if harmful; one row per value.

    Args:
        frame: what `read_published` returns.
        methods: module of each attribution method of the study, by its name in the study.

    Returns:
        Columns `HARMS`, of pruned levels: `quantity` and, for explanations, `method` (the module) are those of the
        column; `own` is the study's name of that method, null if the study does not run it.
    """
    quantities = QUANTITIES.all()
    own = {module: name for name, module in reversed(list(methods.items()))}
    tables = [pl.DataFrame(schema=HARMS)]
    dense = frame.filter(n_dropped=0)
    pruned = frame.filter(pl.col("n_dropped") > 0)
    both = pruned.join(dense, on=["model", "dataset"], suffix="_dense", maintain_order="left")
    for column in frame.columns:
        name, method = _named_column(column, list(quantities))
        if name is None:
            continue
        change = (pl.col(column) - pl.col(f"{column}_dense")) * quantities[name].harmful
        tables.append(
            both.select(
                "model",
                "dataset",
                pl.col("n_dropped").alias("level"),
                quantity=pl.lit(name),
                method=pl.lit(method, dtype=pl.String),
                own=pl.lit(own.get(method or ""), dtype=pl.String),
                harm=change.round(_DIGITS),
            ).drop_nulls("harm")
        )
    return pl.concat(tables)


def _named_column(column: str, quantities: Sequence[str]) -> tuple[str | None, str | None]:
    """The quantity of a column and, for explanations, the module of the method; None for a key."""
    if column in quantities:
        return column, None
    for name in sorted(quantities, key=len, reverse=True):
        if QUANTITIES.load(name).explained and column.startswith(f"{name}_"):
            return name, column.removeprefix(f"{name}_")
    return None, None


def read_at_margins(harms: pl.DataFrame, margins: Mapping[str, float]) -> pl.DataFrame:
    """Point estimates against margins: harms with the columns `margin`, `within` and `accuracy_within`.

    Nothing is shown by this: published values have no interval.

    Args:
        harms: quantity, level and harm, with any other columns; those but `method`, `own` and the numbers name a unit.
        margins: by quantity; quantities without one are left out.
    """
    unit = [name for name in harms.columns if name not in _OF_QUANTITY]
    within = harms.filter(pl.col("quantity").is_in(list(margins))).with_columns(
        margin=pl.col("quantity").replace_strict(dict(margins), return_dtype=pl.Float64)
    )
    within = within.with_columns(within=pl.col("harm") <= pl.col("margin"))
    accuracy = within.filter(quantity="accuracy").select(*unit, accuracy_within="within")
    return within.join(accuracy, on=unit, how="left", maintain_order="left")


_OF_QUANTITY = ("quantity", "method", "own", "harm", "status")


def keeps_accuracy_and_loses(read: pl.DataFrame) -> pl.DataFrame:
    """Rows of `read_at_margins` that lose more than the margin where accuracy stays within its own."""
    return read.filter(pl.col("accuracy_within"), ~pl.col("within"))
