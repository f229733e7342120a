"""Reading and writing of the tables of `schemas`, each with its schema version and provenance inside."""

from pathlib import Path

import polars as pl

from keepfaith.artifacts.atomic import replacing
from keepfaith.artifacts.digest import content_digest
from keepfaith.artifacts.frames import read_parquet, read_parquet_metadata, write_parquet
from keepfaith.artifacts.provenance import Provenance
from keepfaith.artifacts.schemas import TableSchema


class ArtifactError(Exception):
    """An artifact is missing, damaged, of another version, or does not fit its schema."""


def write_table(
    frame: pl.DataFrame, path: Path, schema: TableSchema, provenance: Provenance
) -> None:
    """Check `frame` against `schema` and write it as Parquet, atomically.

    Raises:
        ArtifactError: a column is missing, unknown or of another type, or a float is NaN or infinite.
    """
    path = Path(path)
    frame = conform(frame, schema)
    metadata = {
        "keepfaith_schema": schema.name,
        "keepfaith_schema_version": str(schema.version),
        "keepfaith_provenance": provenance.to_json(),
        "keepfaith_content": content_digest(frame),
    }
    with replacing(path) as temporary:
        write_parquet(frame, temporary, metadata)


def read_table(path: Path, schema: TableSchema) -> pl.DataFrame:
    """Read a table and check that it fits `schema` and is unchanged since it was written.

    Raises:
        ArtifactError: with the path and advice.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from keepfaith.artifacts.schemas import TEXTS
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "texts.parquet"
        ...     write_table(pl.DataFrame({"text": ["A text."]}), path, TEXTS, Provenance(settings={"seed": 7}))
        ...     read_table(path, TEXTS)["text"].to_list(), read_provenance(path).settings
        (['A text.'], {'seed': 7})
    """
    path = Path(path)
    try:
        metadata = read_parquet_metadata(path)
        frame = read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unreadable(path, error) from error
    found = (metadata.get("keepfaith_schema"), metadata.get("keepfaith_schema_version"))
    if found != (schema.name, str(schema.version)):
        raise ArtifactError(
            f"{path}: holds {found[0]} version {found[1]}, expected {schema.name} version {schema.version}; "
            "delete it and run again"
        )
    frame = conform(frame, schema, location=str(path))
    if metadata.get("keepfaith_content") != content_digest(frame):
        raise ArtifactError(f"{path}: was changed after it was written; delete it and run again")
    return frame


def empty_table(schema: TableSchema) -> pl.DataFrame:
    """A table without rows."""
    return pl.DataFrame(schema=dict(schema.columns))


def read_provenance(path: Path) -> Provenance:
    """The provenance stored in a table.

    Raises:
        ArtifactError: the file is not a table of keepfaith.
    """
    try:
        return Provenance.from_json(read_parquet_metadata(Path(path))["keepfaith_provenance"])
    except (OSError, KeyError, pl.exceptions.PolarsError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ArtifactError:
    return ArtifactError(f"{path}: not a readable table ({error}); delete it and run again")


def conform(frame: pl.DataFrame, schema: TableSchema, location: str | None = None) -> pl.DataFrame:
    """Return `frame` with exactly the columns of `schema`, in its order and types.

    Raises:
        ArtifactError: a column is missing, unknown or not castable, or a float is NaN or infinite.
    """
    location = location or f"table {schema.name}"
    missing = [name for name in schema.columns if name not in frame.columns]
    unknown = [name for name in frame.columns if name not in schema.columns]
    if missing or unknown:
        raise ArtifactError(f"{location}: missing columns {missing}, unknown columns {unknown}")
    try:
        frame = frame.select(pl.col(name).cast(kind) for name, kind in schema.columns.items())
    except pl.exceptions.PolarsError as error:
        raise ArtifactError(f"{location}: {error}") from error
    for name, kind in schema.columns.items():
        if kind == pl.Float64 and not frame[name].is_finite().all():
            raise ArtifactError(
                f"{location}: column {name} holds NaN or infinity{_first_row(frame, name)}; null means missing, "
                "neither is ever a result"
            )
    return frame


def _first_row(frame: pl.DataFrame, column: str) -> str:
    """` (level 3, example_id e7)`: the first row whose `column` is not finite, as far as it has such keys."""
    row = frame.filter(pl.col(column).is_finite().not_()).row(0, named=True)
    keys = [f"{key} {row[key]}" for key in ("level", "example_id", "layer") if key in row]
    return f" ({', '.join(keys)})" if keys else ""
