"""Files that are one although they are spelt otherwise: a task must not take its parts for different ones."""

import filecmp
from pathlib import Path

from keepfaith.config.errors import ConfigError
from keepfaith.config.schema import LocalTaskSource


def with_one_spelling(location: str, source: LocalTaskSource) -> LocalTaskSource:
    """The source with every split spelt as the first that is the same file: by its path, a link, or a copy.

    Parts of one file are made disjoint, and that is told by the spelling.

    Args:
        location: what errors name.
        source: its paths start at the working directory.

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
    """Whether two paths lead to the same file, or to two with the same bytes; missing files are not."""
    if one == other:
        return True
    try:
        return one.samefile(other) or (
            one.stat().st_size == other.stat().st_size and filecmp.cmp(one, other, shallow=False)
        )
    except OSError:
        return False
