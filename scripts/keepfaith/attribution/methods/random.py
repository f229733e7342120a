"""Random scores: the chance ranking that every other method is compared with.

Scores are independent between seeds, examples and levels, so the overlap of two levels is at chance.
They depend on nothing else: neither on the other examples of a run nor on their order.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from keepfaith.attribution.problem import NoSettings, Problem
from keepfaith.plugins.method import Method, Passes


def _scores(
    problems: Iterable[Problem],
    levels: Sequence[int],
    settings: NoSettings,
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
    label="random",
    citation="independent uniform draws",
    role="control",
    needs_model=False,
    seeded=True,
    settings=NoSettings,
    passes=lambda settings, features: Passes(),
    scores=_scores,
)
