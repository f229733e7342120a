"""Input x gradient: the first-order effect of scaling each token's embedding to zero.

The score of a token is the sum over embedding dimensions of embedding times d value / d embedding, signed, so that
tokens that lower the explained value (the target's margin, or its log-probability) rank last.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keepfaith.attribution.gradients import PROMPT_GRADIENT, at_prompts, of_features
from keepfaith.attribution.problem import NoSettings, Problem
from keepfaith.plugins.method import Method

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
    inputs = at_prompts(chosen, levels, scorer)
    per_level = [
        scorer.embedding_effects(of_level, level)
        for of_level, level in zip(inputs, levels, strict=True)
    ]
    for problem, *effects in zip(chosen, *per_level, strict=True):
        yield of_features(problem, effects)


METHOD = Method(
    label="input x gradient",
    citation="Shrikumar, Greenside, Kundaje 2017, arXiv:1704.02685; Denil et al. 2014, arXiv:1412.6815",
    role="method",
    needs_model=True,
    seeded=False,
    settings=NoSettings,
    passes=lambda settings, features: PROMPT_GRADIENT,
    scores=_scores,
)
