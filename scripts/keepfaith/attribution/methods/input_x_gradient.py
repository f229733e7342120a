"""Input x gradient: the first-order effect of scaling each token's embedding to zero.

The score of a token is the sum over embedding dimensions of embedding times d log p(target) / d embedding,
signed, so that tokens that lower the target's probability rank last.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keepfaith.attribution.problem import NoSettings, Problem
from keepfaith.plugins.method import Method, Passes
from keepfaith.scoring.inputs import GradientInput

if TYPE_CHECKING:  # reading the declaration must not load torch
    from keepfaith.scoring.scorer import OptionScorer


def _scores(
    problems: Iterable[Problem],
    levels: Sequence[int],
    scorer: "OptionScorer",
    settings: NoSettings,
    seed: int,
) -> Iterator[np.ndarray]:
    """Signed input x gradient, float64 [levels, features], per problem; the seed is not used."""
    chosen = tuple(problems)
    per_level = [
        scorer.embedding_effects(
            [
                GradientInput(
                    problem.encoded.prompt_ids, problem.encoded.option_ids[problem.targets[index]]
                )
                for problem in chosen
            ],
            level,
        )
        for index, level in enumerate(levels)
    ]
    for problem, *effects in zip(chosen, *per_level, strict=True):
        yield np.stack(effects)[:, list(problem.encoded.features)]


METHOD = Method(
    label="input x gradient",
    citation="Shrikumar, Greenside, Kundaje 2017, arXiv:1704.02685; Denil et al. 2014, arXiv:1412.6815",
    role="method",
    needs_model=True,
    seeded=False,
    settings=NoSettings,
    passes=lambda settings, features: Passes(per_level=3),
    scores=_scores,
)
