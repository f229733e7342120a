"""Input x gradient: the first-order effect of scaling each token's embedding to zero.

The score of a token is the sum over embedding dimensions of embedding times d log p(target) / d embedding,
signed, so that a token that speaks against the target ranks last.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from keepfaith.attribution.problem import Method, MethodSettings, Problem
from keepfaith.scoring.encoding import ScoringInput
from keepfaith.scoring.scorer import OptionScorer

EXAMPLES_PER_CALL = 16
"""Examples whose embeddings and gradients are held at once: they are hidden_size wide."""


def scores(
    problems: Iterable[Problem],
    levels: Sequence[int],
    scorer: OptionScorer,
    settings: MethodSettings,
    seed: int,
) -> Iterator[np.ndarray]:
    """Signed input x gradient, float64 [levels, features], per problem; the seed plays no part."""
    remaining = iter(problems)
    while chunk := tuple(islice(remaining, EXAMPLES_PER_CALL)):
        per_level = [
            _level_scores(chunk, index, level, scorer) for index, level in enumerate(levels)
        ]
        for of_problem in zip(*per_level, strict=True):
            yield np.stack(of_problem)


def _level_scores(
    chunk: Sequence[Problem], index: int, level: int, scorer: OptionScorer
) -> list[np.ndarray]:
    inputs = [
        ScoringInput(
            problem.encoded.prompt_ids, (problem.encoded.option_ids[problem.targets[index]],)
        )
        for problem in chunk
    ]
    answers = scorer.embedding_gradients(inputs, [0] * len(inputs), level)
    return [
        np.sum(embeddings.astype(np.float64) * gradients, axis=1)[problem.encoded.special :]
        for problem, (embeddings, gradients) in zip(chunk, answers, strict=True)
    ]


METHOD = Method(
    citation="Shrikumar, Greenside, Kundaje 2017, arXiv:1704.02685; Denil et al. 2014, arXiv:1412.6815",
    cost="1 forward and 1 backward pass per example and level",
    settings=(),
    seeded=False,
    scores=scores,
)
