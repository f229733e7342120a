"""Shards: finished pieces of a long job on disk, from which the same job resumes after a kill.

The shards of `table.parquet` are in `table.parquet.shards/` until the table is written. A key identifies the settings,
inputs and code that made them; a job with another key starts from the beginning.
"""

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import polars as pl

from keepfaith.artifacts.atomic import replacing, write_text
from keepfaith.artifacts.frames import read_parquet, write_parquet

logger = logging.getLogger(__name__)

KeepShard = Callable[[str, Callable[[], pl.DataFrame]], pl.DataFrame]
"""(name of a shard, function that makes it) -> the shard."""


def keep_nothing(name: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """Make the shard and write nothing: for work short enough to repeat."""
    return make()


def key_of(settings: Mapping[str, object], inputs: Iterable[str | Path]) -> str:
    """SHA-256 over a job's settings (plain values) and the bytes of its input files."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for path in inputs:
        digest.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return digest.hexdigest()


class Shards:
    """The shards of one table.

    Attributes:
        folder: the folder that holds them.
    """

    def __init__(self, table: str | Path, key: str) -> None:
        """Open the shards of `table`; those made under another key are removed."""
        self.folder = Path(f"{table}.shards")
        key_file = self.folder / "key"
        if self.folder.is_dir() and not (key_file.is_file() and key_file.read_text() == key):
            shutil.rmtree(self.folder)
        write_text(key_file, key)
        if done := len(list(self.folder.glob("*.parquet"))):
            logger.info("resuming after %d shards", done)

    def get(self, name: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """The shard `name`: read where it is finished and undamaged, otherwise made and written."""
        path = self.folder / f"{name}.parquet"
        if path.is_file():
            try:
                return read_parquet(path)
            except (OSError, pl.exceptions.PolarsError):
                logger.warning("%s is damaged and made again", path)
        shard = make()
        with replacing(path) as temporary:
            write_parquet(shard, temporary)
        return shard

    def remove(self) -> None:
        """Delete all shards, once the table is written."""
        shutil.rmtree(self.folder, ignore_errors=True)
