"""Pruning criteria by name: a criterion is a module in `criteria` that defines `rank`.

`rank` takes the dense model and calibration batches (token ids [B, T], unpadded) and returns (layer, score)
for every layer, the one to be dropped first in front.
"""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from keepfaith.orders import criteria

if TYPE_CHECKING:  # the registry lists criteria where torch must not be loaded
    import torch

    from keepfaith.models.removal import PrunableModel

Criterion = Callable[["PrunableModel", Sequence["torch.Tensor"]], list[tuple[int, float]]]


def names() -> list[str]:
    """Names of all criteria, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(criteria.__path__))


def load(name: str) -> Criterion:
    """The criterion called `name`.

    Raises:
        ValueError: there is no such criterion; the message lists those there are.
    """
    if name not in names():
        raise ValueError(f"no criterion {name!r}; there are {', '.join(names())}")
    return cast(Criterion, importlib.import_module(f"{criteria.__name__}.{name}").rank)
