"""The one error of this room: a sentence on one line that says where, what is wrong and what to type."""

from collections.abc import Iterable
from difflib import get_close_matches
from reprlib import Repr

# Looks at the outermost few values only: YAML's aliases make values whose whole repr fills the memory.
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 200


class ConfigError(ValueError):
    """Something a user typed, or a local input, cannot be used. `str()` is one line."""

    def __init__(self, location: object, problem: str) -> None:
        self.location = str(location)
        self.problem = problem
        super().__init__(" ".join(f"{location}: {problem}".split()))


def nearest(name: object, known: Iterable[str]) -> str:
    """ "; did you mean 'x'?" for the known name most like `name`, else a list of what there is."""
    names = sorted(known)
    close = get_close_matches(str(name).lower(), names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are: {', '.join(names)}" if names else "; there are none"


def shown(value: object, width: int = 60) -> str:
    """`value` as it may stand in a sentence: its repr, cut to `width` characters."""
    text = _SHORT.repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."
