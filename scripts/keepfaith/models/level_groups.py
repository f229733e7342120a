"""Levels by the folder that they are loaded from: the two ways of making "the model at level k"."""

from collections.abc import Iterable
from dataclasses import dataclass

from keepfaith.models.components import Component, Step, as_component


@dataclass(frozen=True)
class LevelGroup:
    """Levels that one loaded folder gives.

    A pruning path is one group: level k drops the first k components of the order from the dense model. Of
    checkpoints, each level is a group of its own that drops nothing.

    Attributes:
        folder: a checked model folder.
        levels: the levels, ascending.
        order: components in the order in which they are dropped from that folder.
        first: the level that the folder has as it is.

    Examples:
        >>> path = LevelGroup("dense", (0, 2), (Component(7), Component(6), Component(5)))
        >>> [str(component) for component in path.dropped(2)]
        ['attention of layer 7', 'attention of layer 6']
        >>> LevelGroup("eight_bits", (3,), first=3).dropped(3)
        ()
    """

    folder: str
    levels: tuple[int, ...]
    order: tuple[Step, ...] = ()
    first: int = 0

    def dropped(self, level: int) -> tuple[Component, ...]:
        """The components that a level drops from the folder's model."""
        return tuple(map(as_component, self.order[: level - self.first]))


def checkpoint_groups(folders: Iterable[tuple[int, str]]) -> tuple[LevelGroup, ...]:
    """One group per level and folder."""
    return tuple(LevelGroup(folder, (level,), first=level) for level, folder in folders)
