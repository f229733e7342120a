"""Seeded assignment of examples to subsets.

Every example has a rank that depends only on its identity and the seed. A subset takes the first ones by rank, so 50
explained examples are among any 200, for any number of evaluation examples. Where the source names its rows, the
selection does not depend on their order. (Where it does not, a row's identity is its number.)
"""

import hashlib
from collections.abc import Iterable


def by_rank(identities: Iterable[str], seed: int) -> list[str]:
    """The identities in their seeded order."""
    return sorted(identities, key=lambda identity: (_rank(identity, seed), identity))


def _rank(identity: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}/{identity}".encode(), digest_size=8).digest()
