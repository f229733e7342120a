"""Names of what registers itself by being a file: listed without importing it, as importing needs torch."""

import re
from functools import cache
from pathlib import Path

import keepfaith

_REGISTERED = re.compile(r'^@register\("([a-z0-9_]+)"\)', re.MULTILINE)
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


@cache
def criteria() -> tuple[str, ...]:
    """Names of the pruning criteria, as the files of keepfaith.orders register them."""
    files = _PACKAGE.joinpath("orders").rglob("*.py")
    sources = (file.read_text(encoding="utf-8") for file in files)
    return tuple(sorted({name for source in sources for name in _REGISTERED.findall(source)}))
