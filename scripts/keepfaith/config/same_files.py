"""Detection of files that are the same under different paths, so that the splits of a task stay disjoint."""

import filecmp
from pathlib import Path

from keepfaith.config.errors import ConfigError
from keepfaith.config.schema import LocalTaskSource


def with_one_spelling(location: str, source: LocalTaskSource) -> LocalTaskSource:
    """The source in which splits of the same file (by path, link or copy) all have the first one's path.

    Subsets of one file are made disjoint, and one file is recognised by equal paths.

    Args:
        location: start of error messages.
        source: with paths that start at the working directory.

    Raises:
        ConfigError: training and evaluation are the same file.
    """
    spelt: dict[str, str] = {}
    for subset, path in source.splits.model_dump().items():
        if path is not None:
            first = (other for other in spelt.values() if are_one(Path(other), Path(path)))
            spelt[subset] = next(first, path)
    typed = source.splits.training
    if typed is not None and spelt["training"] == spelt["evaluation"]:
        raise ConfigError(
            location,
            f"training ({typed}) and evaluation ({spelt['evaluation']}) are the same rows; name another file for "
            "training, or none",
        )
    return source.model_copy(update={"splits": source.splits.model_copy(update=spelt)})


def are_one(one: Path, other: Path) -> bool:
    """Whether two paths are the same file, or files with the same bytes; False where one is missing."""
    if one == other:
        return True
    try:
        return one.samefile(other) or (
            one.stat().st_size == other.stat().st_size and filecmp.cmp(one, other, shallow=False)
        )
    except OSError:
        return False
