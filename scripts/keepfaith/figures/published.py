"""Numbers that a publication printed, to be drawn over a run of the same model on the same dataset."""

from pathlib import Path

import polars as pl

from keepfaith.artifacts.tables import ArtifactError

SOURCE = "published (arXiv:2606.24970)"
COLUMNS = ("model", "dataset", "n_dropped", "accuracy", "ece")


def read_published(path: Path) -> pl.DataFrame:
    """Read a catalog of published numbers: model, dataset, n_dropped and one column per quantity.

    Raises:
        ArtifactError: the file lacks one of the columns that say what a row is about.
    """
    frame = pl.read_csv(path)
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise ArtifactError(f"{path}: published numbers need the columns {missing}")
    return frame


def match_published(
    frame: pl.DataFrame, repository: str | None, dataset: str
) -> pl.DataFrame | None:
    """Rows of one model repository and dataset, by level; None where nothing was published."""
    if repository is None:
        return None
    rows = frame.filter(
        (pl.col("model").str.to_lowercase() == repository.lower()) & (pl.col("dataset") == dataset)
    ).sort("n_dropped")
    return rows if rows.height else None
