"""Pruning criteria by name: a criterion is a module in `criteria` that defines `CRITERION`.

Listing the names imports nothing, so it is safe where torch must not be loaded.
"""

import importlib
import pkgutil

from keepfaith.orders import criteria
from keepfaith.orders.criterion import Criterion


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
    criterion = importlib.import_module(f"{criteria.__name__}.{name}").CRITERION
    if not isinstance(criterion, Criterion):
        raise TypeError(f"criterion {name!r}: CRITERION is not a Criterion")
    return criterion
