"""Which examples belong to which part.

Every example has a rank that depends on its identity and the seed alone. A part takes the first ones by
rank, so 50 explained examples are among any 200, whatever the number of evaluation examples, and where the
source names its rows the choice does not depend on their order. (Where it does not, the row number names them.)
"""

import hashlib
from collections.abc import Iterable


def by_rank(identities: Iterable[str], seed: int) -> list[str]:
    """The identities in their seeded order."""
    return sorted(identities, key=lambda identity: (_rank(identity, seed), identity))


def _rank(identity: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}/{identity}".encode(), digest_size=8).digest()
