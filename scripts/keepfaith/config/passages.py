"""Passages that examples share: the words of a task or an import for them, and the criteria to find them."""

import unicodedata
from functools import lru_cache

NO_PASSAGE = "none"
"""Typed where all examples are independent."""

SHORTEST_PASSAGE = 20
"""Width in characters, those of Chinese, Japanese and Korean counting twice. Unrelated examples may share a shorter
text, such as a topic, a source or a yes; it groups examples only where `passage` names it."""

_QUOTES = frozenset("'\"`\u00b4\u201a\u201e\u2032\u2033")
"""Quotes beside those of the categories Pi and Pf: straight, acute, low, and primes."""

_MINUS = "\u2212"


def comparable(text: str) -> str:
    """`text` in a form in which spellings of one text are equal; for comparing texts, never for a model.

    Letter case, compatibility forms and composition of Unicode (NFKC), characters without width (format characters,
    soft hyphens, variation selectors), the shape of quotes and dashes, and runs of white space do not count.

    >>> comparable(" The  CAFE\\u0301\\nopens\\u200b ") == comparable("the caf\\u00e9 opens")
    True
    """
    # Shapes first: NFKC turns an acute accent into a blank, and does not compose across invisible characters.
    plain = _mapped(text, {sign: _shape(sign) for sign in set(text)})
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", plain).casefold())
    return " ".join(folded.split())


def is_blank(text: str) -> bool:
    """Whether a text is invisible: white space and characters without width only.

    >>> is_blank(" \\u200b\\ufeff"), is_blank(".")
    (True, False)
    """
    return all(sign.isspace() or _has_no_width(sign, unicodedata.category(sign)) for sign in text)


def is_short(text: str) -> bool:
    """Whether a comparable text is too short for a passage that no setting names."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text[:SHORTEST_PASSAGE])
    return len(text) + wide < SHORTEST_PASSAGE


def _mapped(text: str, shapes: dict[str, str]) -> str:
    changed = {ord(sign): shape for sign, shape in shapes.items() if sign != shape}
    return text.translate(changed) if changed else text


@lru_cache(4096)
def _shape(sign: str) -> str:
    category = unicodedata.category(sign)
    if sign in _QUOTES or category in ("Pi", "Pf"):
        return "'"
    if sign == _MINUS or category == "Pd":
        return "-"
    return "" if _has_no_width(sign, category) else sign


def _has_no_width(sign: str, category: str) -> bool:
    """Whether a character is invisible: Cf, control characters except white space, fillers and selectors."""
    if category in ("Cf", "Cc"):
        return not sign.isspace()
    return sign in "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0" or (
        "\u180b" <= sign <= "\u180d"
        or "\ufe00" <= sign <= "\ufe0f"
        or "\U000e0100" <= sign <= "\U000e01ef"
    )
