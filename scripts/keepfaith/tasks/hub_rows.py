"""Rows of a data set on the hub: its files are fetched and checked here, and read from the disk.

Plain CSV files and JSON lines are read like local ones (`config/files.py`), so that text stays unchanged: the readers
of `datasets` turn a cell "null" or "NA" into null and a column of dates into time stamps. Parquet has its own types;
it and all other formats are read by `datasets`, row group by row group.
"""

import dataclasses
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datasets import (
    DatasetBuilder,
    get_dataset_config_names,
    get_dataset_default_config_name,
    load_dataset_builder,
)
from datasets.data_files import DataFilesDict, DataFilesList
from datasets.exceptions import DatasetsError
from datasets.packaged_modules.csv.csv import CsvConfig
from datasets.packaged_modules.json.json import JsonConfig

from keepfaith.config.errors import ConfigError, nearest
from keepfaith.config.files import rows_as_they_stand
from keepfaith.hub.errors import Address, HubError
from keepfaith.hub.repository import Repository, open_repository

DESCRIPTIONS = ("README.md", ".huggingface.yaml", "dataset_infos.json")
"""Files that define the configurations and splits, and the types of the columns."""


HARMLESS = {
    "name",
    "version",
    "data_dir",
    "data_files",
    "description",
    "features",
    "chunksize",
    "use_threads",
}
"""Settings of the readers of `datasets` that do not concern the format of a file."""


def hub_rows(
    repository: str, config: str | None, revision: str, split: str
) -> Iterator[dict[str, Any]]:
    """Rows of a split, in its order. Files are fetched one after the other, as rows are consumed.

    The `datasets` library reads only from the disk: given the name of a repository, it would take any revision in its
    cache where the hub cannot be reached.

    Raises:
        HubError: the data set, its configuration or split cannot be fetched, or a file of it cannot be read.
    """
    address = Address("dataset", repository, revision)
    opened = open_repository(address)
    script = f"{Path(repository).name}.py"
    if script in opened.paths:
        raise HubError(
            f"{address} is made by its own code ({script}), which is never run; name a revision with Parquet, JSON or "
            "CSV files, or download it yourself and use task_source local"
        )
    with tempfile.TemporaryDirectory(prefix="keepfaith-") as folder:
        # Resolved, because paths of files are compared with it.
        outline = Path(folder).resolve() / "outline"
        _lay_out(opened, outline)
        builder = _builder(address, config, outline, cache=Path(folder) / "cache")
        splits = builder.config.data_files
        if split not in splits:
            raise HubError(
                f"{address} has no split {split!r}{nearest(split, map(str, splits))}; correct the split"
            )
        for path in [str(Path(file).relative_to(outline)) for file in splits[split]]:
            yield from _rows(address, builder, split, path, opened.fetch(path))


def _lay_out(opened: Repository, folder: Path) -> None:
    """Write an empty file for each of the repository's, and its descriptions: enough to assign files to splits."""
    for path in opened.paths:
        target = folder / path
        if folder not in target.parents:
            raise HubError(
                f"{opened.address} has a file {path!r} outside its folder; choose another"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        if path in DESCRIPTIONS:
            target.write_bytes(opened.fetch(path).read_bytes())
        else:
            target.touch()


def _builder(address: Address, config: str | None, outline: Path, cache: Path) -> DatasetBuilder:
    try:
        names = get_dataset_config_names(str(outline))
        chosen = config or get_dataset_default_config_name(str(outline))
        if chosen in names:
            return load_dataset_builder(str(outline), chosen, cache_dir=str(cache))
    except (DatasetsError, FileNotFoundError, ValueError) as error:
        reason = " ".join(str(error).replace(str(outline), address.repository).split())
        raise HubError(
            f"{address} holds no files that can be read as rows ({reason}); name a data set with Parquet, JSON or "
            "CSV files"
        ) from error
    if chosen is None:
        raise HubError(
            f"{address} has several configurations; type config: with one of {', '.join(sorted(names))}"
        )
    raise HubError(
        f"{address} has no configuration {chosen!r}{nearest(chosen, names)}; correct config"
    )


def _rows(
    address: Address, builder: DatasetBuilder, split: str, path: str, file: Path
) -> Iterator[dict[str, Any]]:
    plain = _plain_format(builder, file)
    try:
        if plain:
            yield from (row for _, row in rows_as_they_stand(file, plain))
        else:
            yield from _by_datasets(builder, split, file)
    except (ConfigError, DatasetsError, ValueError, TypeError, OSError) as error:
        problem = error.problem if isinstance(error, ConfigError) else str(error)
        reason = " ".join(problem.split())
        raise HubError(
            f"{path} of {address} cannot be read ({reason}); the hub itself has this file, so name another revision, "
            "or correct a copy and name it as a local source"
        ) from error


def _by_datasets(builder: DatasetBuilder, split: str, file: Path) -> Iterator[dict[str, Any]]:
    config = builder.config
    if isinstance(config, CsvConfig) and config.na_values is None and config.keep_default_na:
        config.na_filter = False  # "null" and "NA" are texts unless the data set says otherwise
    # Only this file of this split: a builder reads all that are listed.
    config.data_files = DataFilesDict({split: DataFilesList([str(file)], [])})
    yield from builder.as_streaming_dataset(split)


def _plain_format(builder: DatasetBuilder, file: Path) -> str | None:
    """The format of `config/files.py` that a file has; None where the description or the file differs."""
    config = builder.config
    if not isinstance(config, CsvConfig | JsonConfig) or _changed(config) - HARMLESS:
        return None
    if isinstance(config, CsvConfig):
        return ".csv" if file.suffix == ".csv" else None
    lines = file.suffix in (".jsonl", ".ndjson") or (file.suffix == ".json" and _is_lines(file))
    return ".jsonl" if lines else None


def _changed(config: CsvConfig | JsonConfig) -> set[str]:
    """The settings of a reader that the description of a data set changes."""
    usual = type(config)()
    names = [setting.name for setting in dataclasses.fields(config)]
    return {name for name in names if getattr(config, name) != getattr(usual, name)}


def _is_lines(file: Path) -> bool:
    """Whether the first line of a .json file is a row by itself; such a file may also hold one list or object."""
    with file.open("rb") as handle:
        first = next((line for line in handle if line.strip()), b"")
    try:
        return isinstance(json.loads(first.decode("utf-8-sig")), dict)
    except (ValueError, RecursionError):
        return False
