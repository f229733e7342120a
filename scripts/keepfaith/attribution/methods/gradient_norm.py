"""Gradient norm: how strongly the explained value reacts to each token's embedding.

The score of a token is the Euclidean norm of d value / d embedding. It has no sign: a token that speaks against the
target ranks as high as one that speaks for it.
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
    """Norms of gradients, float64 [levels, features], per problem; the seed is not used."""
    chosen = tuple(problems)
    inputs = at_prompts(chosen, levels, scorer)
    per_level = [
        scorer.gradient_norms(of_level, level)
        for of_level, level in zip(inputs, levels, strict=True)
    ]
    for problem, *norms in zip(chosen, *per_level, strict=True):
        yield of_features(problem, norms)


METHOD = Method(
    label="gradient norm",
    citation="Simonyan, Vedaldi, Zisserman 2014, arXiv:1312.6034; Atanasova et al. 2020, arXiv:2009.13295",
    role="method",
    needs_model=True,
    seeded=False,
    settings=NoSettings,
    passes=lambda settings, features: PROMPT_GRADIENT,
    scores=_scores,
)
