"""All subsets of n segments, numbered by their bits: segment i is kept in coalition S where bit i of S is set.

Values of all coalitions are one array whose last axis has length 2^n and is indexed by that number; axes before it are
levels, examples or whatever the caller stacks.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int64]

MAXIMUM_SEGMENTS = 12
"""Every coalition is scored: 4,096 inputs per example."""


@dataclass(frozen=True)
class Subsets:
    """The subsets of n segments, arranged for arithmetic on arrays [..., 2^n].

    Attributes:
        segments: n.
        full: number of the coalition that keeps all segments.
        sizes: [2^n] segments kept.
        layers: per size s = 1..n, the coalitions [C(n, s)] of that size and, for each, the s coalitions
            [C(n, s), s] that have one segment less.
        without: [n, 2^(n-1)] per segment, the coalitions that do not keep it.
    """

    segments: int
    full: int
    sizes: IndexArray
    layers: tuple[tuple[IndexArray, IndexArray], ...]
    without: IndexArray


@cache
def subsets(segments: int) -> Subsets:
    """The subsets of so many segments.

    Raises:
        ValueError: no segment, or more than `MAXIMUM_SEGMENTS`.
    """
    if not 1 <= segments <= MAXIMUM_SEGMENTS:
        raise ValueError(f"{segments} segments; between 1 and {MAXIMUM_SEGMENTS} can be removed")
    every = np.arange(2**segments)
    bits = 1 << np.arange(segments)
    kept = (every[:, None] & bits) > 0  # [2^n, n]
    sizes = kept.sum(axis=1)
    layers = []
    for size in range(1, segments + 1):
        of_size = every[sizes == size]
        members = np.nonzero(kept[of_size])[1].reshape(-1, size)  # [C(n, s), s]
        layers.append((of_size, of_size[:, None] ^ bits[members]))
    without = np.stack([every[~kept[:, segment]] for segment in range(segments)])
    return Subsets(segments, 2**segments - 1, sizes, tuple(layers), without)


def segments_of(values: FloatArray) -> int:
    """The number of segments of an array of values [..., 2^n].

    Raises:
        ValueError: the last axis is no power of two, or a value is NaN or infinite.
    """
    segments = int(values.shape[-1]).bit_length() - 1
    if values.shape[-1] != 2**segments:
        raise ValueError(f"{values.shape[-1]} coalitions are not those of any number of segments")
    if not np.isfinite(values).all():
        raise ValueError("the value of a coalition is NaN or infinite")
    return segments


def mean_by_size(values: FloatArray) -> FloatArray:
    """Mean value over the coalitions of every size, [..., n + 1] from [..., 2^n]."""
    known = subsets(segments_of(values))
    return np.stack(
        [values[..., known.sizes == size].mean(axis=-1) for size in range(known.segments + 1)],
        axis=-1,
    )
