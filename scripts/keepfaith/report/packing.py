"""A large study's sections of single cells, packed: the page's script unpacks the one that is chosen."""

import base64
import zlib

CELLS_AT_ONCE = 24
"""Most cells whose sections the page holds as they are, readable without scripts. A page with more would take up tens
of megabytes and seconds to open."""


def packed(text: str) -> str:
    """`text` compressed (zlib) and in base64: a tenth of a section's size.

    >>> len(packed("<p>level 3</p>" * 1000)) < 200
    True
    """
    return base64.b64encode(zlib.compress(text.encode("utf-8"), 9)).decode("ascii")
