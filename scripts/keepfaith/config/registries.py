"""Names of what registers itself by being a file: listed without importing it, as importing needs torch."""

from functools import cache
from pathlib import Path

import keepfaith

_PACKAGE = Path(keepfaith.__file__).parent


def _modules(*folder: str) -> tuple[str, ...]:
    names = (path.stem for path in _PACKAGE.joinpath(*folder).glob("*.py"))
    return tuple(sorted(name for name in names if not name.startswith("_")))


@cache
def attribution_methods() -> tuple[str, ...]:
    """Names of the attribution methods."""
    return _modules("attribution", "methods")


@cache
def operators() -> tuple[str, ...]:
    """Names of the operators that remove tokens."""
    return _modules("faithfulness", "operators")
