"""Input x gradient: the first-order effect of scaling each token's embedding to zero.

The score of a token is the sum over embedding dimensions of embedding times d log p(target) / d embedding,
signed, so that a token that speaks against the target ranks last.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from keepfaith.attribution.problem import Method, MethodSettings, Problem
from keepfaith.scoring.encoding import GradientInput
from keepfaith.scoring.scorer import OptionScorer


def scores(
    problems: Iterable[Problem],
    levels: Sequence[int],
    scorer: OptionScorer,
    settings: MethodSettings,
    seed: int,
) -> Iterator[np.ndarray]:
    """Signed input x gradient, float64 [levels, features], per problem; the seed plays no part."""
    chosen = tuple(problems)
    per_level = [
        scorer.embedding_effects(
            [
                GradientInput(
                    problem.encoded.prompt_ids, problem.encoded.option_ids[problem.targets[place]]
                )
                for problem in chosen
            ],
            level,
        )
        for place, level in enumerate(levels)
    ]
    for problem, *effects in zip(chosen, *per_level, strict=True):
        yield np.stack(effects)[:, list(problem.encoded.features)]


METHOD = Method(
    role="method",
    citation="Shrikumar, Greenside, Kundaje 2017, arXiv:1704.02685; Denil et al. 2014, arXiv:1412.6815",
    cost="1 forward and 1 backward pass per example and level",
    settings=(),
    seeded=False,
    scores=scores,
)
