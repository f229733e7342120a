"""Random scores: the chance ranking that every other method is held against.

Scores are independent between seeds, examples and levels, so that the overlap of two levels is what chance
gives, and they depend on nothing else: neither the other examples of a run nor their order.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from keepfaith.attribution.problem import Method, MethodSettings, Problem
from keepfaith.scoring.scorer import OptionScorer


def scores(
    problems: Iterable[Problem],
    levels: Sequence[int],
    scorer: OptionScorer,
    settings: MethodSettings,
    seed: int,
) -> Iterator[np.ndarray]:
    """Uniform scores in [0, 1), float64 [levels, features], per problem."""
    for problem in problems:
        digest = hashlib.sha256(problem.example_id.encode()).digest()
        example = int.from_bytes(digest[:8], "little")
        yield np.stack(
            [
                np.random.default_rng([seed, example, level]).random(problem.features)
                for level in levels
            ]
        )


METHOD = Method(
    role="control",
    citation="independent uniform draws",
    cost="none",
    settings=("seeds",),
    seeded=True,
    scores=scores,
)
