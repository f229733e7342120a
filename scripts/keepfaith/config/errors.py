"""The error of this package: one line with the location, the problem and what to type instead."""

from collections.abc import Iterable
from difflib import get_close_matches
from reprlib import Repr

# Only the outermost few values: YAML's aliases can make values whose full repr fills the memory.
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 200


class ConfigError(ValueError):
    """Invalid configuration or local input. `str()` is one line."""

    def __init__(self, location: object, problem: str) -> None:
        self.location = str(location)
        self.problem = problem
        super().__init__(" ".join(f"{location}: {problem}".split()))


def nearest(name: object, known: Iterable[str]) -> str:
    """ "; did you mean 'x'?" for the known name closest to `name`, else a list of all known names."""
    names = sorted(known)
    close = get_close_matches(str(name).lower(), names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are: {', '.join(names)}" if names else "; there are none"


def shown(value: object, width: int = 60) -> str:
    """`value` for use in a message: its repr, cut to `width` characters."""
    text = _SHORT.repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."
