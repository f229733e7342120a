"""Words of a text, as split at white space."""

import re

from keepfaith.config.spans import Spans

_WORD = re.compile(r"\S+")


def word_spans(text: str) -> Spans:
    """The characters of every word.

    >>> word_spans("so  it is")
    ((0, 2), (4, 6), (7, 9))
    """
    return tuple(match.span() for match in _WORD.finditer(text))
