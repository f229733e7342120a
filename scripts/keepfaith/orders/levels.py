"""The levels of a pruning path, or of checkpoints, as the table of either says how they are made."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from keepfaith.artifacts.schemas import CHECKPOINTS, ORDER
from keepfaith.artifacts.tables import read_table
from keepfaith.models.level_groups import LevelGroup, checkpoint_groups
from keepfaith.orders.order import components_of


@dataclass(frozen=True)
class PathLevels:
    """The levels of one model and order.

    Attributes:
        groups: the levels by the folder that they are loaded from, ascending.
        settings: what distinguishes the checkpoints from others, for the provenance of tables; empty for a pruning
            path, which the model and the order determine.
    """

    groups: tuple[LevelGroup, ...]
    settings: dict[str, dict[str, str]]


def read_levels(path: Path | str, dense: Path | str, levels: Sequence[int]) -> PathLevels:
    """The levels that are made from a table ORDER or CHECKPOINTS.

    Args:
        path: the table; the file is named like its schema.
        dense: folder of the dense model, which is level 0, and from which an order drops components.
        levels: the levels to run, ascending.

    Raises:
        ArtifactError: the table cannot be read.
        ValueError: a level is not among the checkpoints.
    """
    if Path(path).stem == ORDER.name:
        order = tuple(components_of(read_table(Path(path), ORDER)))
        return PathLevels((LevelGroup(str(dense), tuple(levels), order),), {})
    table = read_table(Path(path), CHECKPOINTS)
    if missing := sorted(set(levels) - set(table["level"])):
        raise ValueError(f"{path}: there are no checkpoints of levels {missing}")
    chosen = table.filter(pl.col("level").is_in(list(levels))).sort("level")
    identities = {str(level): digest for level, digest in chosen.select("level", "files").rows()}
    folders = chosen.select("level", "folder").rows()
    # The dense model is where its manifest says, which knows of a project that has moved.
    groups = checkpoint_groups(
        (level, folder if level else str(dense)) for level, folder in folders
    )
    return PathLevels(groups, {"checkpoints": identities})
