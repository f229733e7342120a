"""Published numbers, drawn over a run of the same model on the same dataset."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from keepfaith.artifacts.frames import read_csv
from keepfaith.artifacts.tables import ArtifactError
from keepfaith.plugins.quantity import QUANTITIES

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
