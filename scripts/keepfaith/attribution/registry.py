"""Attribution methods by name: a method is a module in `methods` that defines `METHOD`.

Listing the names imports nothing, so it is safe where torch must not be loaded.
"""

import importlib
import pkgutil

from keepfaith.attribution import methods
from keepfaith.attribution.problem import Method


def names() -> list[str]:
    """Names of all methods, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(methods.__path__))


def load(name: str) -> Method:
    """The method called `name`.

    Raises:
        ValueError: there is no such method; the message lists those there are.
    """
    if name not in names():
        raise ValueError(f"no attribution method {name!r}; there are {', '.join(names())}")
    method = importlib.import_module(f"{methods.__name__}.{name}").METHOD
    if not isinstance(method, Method):
        raise TypeError(f"attribution method {name!r}: METHOD is not a Method")
    return method
