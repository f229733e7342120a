"""Finished parts of a long job on disk, so that the same job, started again after a kill, goes on from there.

The parts of `table.parquet` lie in `table.parquet.parts/` until the table is written. They belong to one state of
settings, inputs and code, named by a key; a job with another key begins anew.
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

Keep = Callable[[str, Callable[[], pl.DataFrame]], pl.DataFrame]
"""(name of a part, how to make it) -> the part."""


def unkept(name: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """Make the part and keep nothing: for work short enough to repeat."""
    return make()


def key_of(settings: Mapping[str, object], inputs: Iterable[str | Path]) -> str:
    """SHA-256 over a job's settings (plain values) and the bytes of its input files."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for path in inputs:
        digest.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return digest.hexdigest()


class Parts:
    """The parts of one table.

    Attributes:
        folder: where they lie.
    """

    def __init__(self, table: str | Path, key: str) -> None:
        """Open the parts of `table`; those that another key made are removed."""
        self.folder = Path(f"{table}.parts")
        key_file = self.folder / "key"
        if self.folder.is_dir() and not (key_file.is_file() and key_file.read_text() == key):
            shutil.rmtree(self.folder)
        write_text(key_file, key)
        if done := len(list(self.folder.glob("*.parquet"))):
            logger.info("going on behind %d parts that an earlier run has finished", done)

    def get(self, name: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """The part called `name`: read where it is finished and whole, made and kept otherwise."""
        path = self.folder / f"{name}.parquet"
        if path.is_file():
            try:
                return read_parquet(path)
            except (OSError, pl.exceptions.PolarsError):
                logger.warning("%s is damaged and made again", path)
        part = make()
        with replacing(path) as temporary:
            write_parquet(part, temporary)
        return part

    def remove(self) -> None:
        """Forget all parts: the table is written."""
        shutil.rmtree(self.folder, ignore_errors=True)
