"""AttnLRP: relevance that is propagated back from the explained value, layer by layer, to the tokens' embeddings.

The score of a token is gradient times embedding under the rules of `models.relevance`. Relevance is conserved except in
softmax, biases, and the normaliser of log-probabilities of several tokens; the gap between the relevance of all tokens
and the explained value is logged.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keepfaith.attribution.gradients import at_prompts, of_features
from keepfaith.attribution.problem import NoSettings, Problem
from keepfaith.models.relevance_types import SUPPORTED
from keepfaith.plugins.method import Method, Passes

if TYPE_CHECKING:  # reading the declaration must not load torch
    from keepfaith.scoring.scorer import OptionScorer

logger = logging.getLogger(__name__)


def _scores(
    problems: Iterable[Problem],
    levels: Sequence[int],
    scorer: "OptionScorer",
    settings: NoSettings,
    seed: int,
) -> Iterator[np.ndarray]:
    """Relevance of every token, float64 [levels, features], per problem; the seed is not used."""
    from keepfaith.models.relevance import relevance_rules  # imports torch

    chosen = tuple(problems)
    inputs = at_prompts(chosen, levels, scorer)
    with relevance_rules(scorer.model):
        per_level = [
            scorer.embedding_effects(of_level, level, with_options=True)
            for of_level, level in zip(inputs, levels, strict=True)
        ]
    found = [np.stack(of_problem) for of_problem in zip(*per_level, strict=True)]
    _log_gaps(chosen, [relevance.sum(axis=1) for relevance in found], levels, scorer)
    for problem, relevance in zip(chosen, found, strict=True):
        yield of_features(problem, list(relevance))


def _log_gaps(
    problems: Sequence[Problem],
    sums: Sequence[np.ndarray],
    levels: Sequence[int],
    scorer: "OptionScorer",
) -> None:
    """Log the error of conservation, as a share of the explained value."""
    answers = scorer.log_likelihoods(
        [problem.asked(problem.encoded.prompt_ids) for problem in problems], levels
    )
    gaps: list[float] = []
    for problem, of_problem, log_likelihoods in zip(problems, sums, answers, strict=True):
        value = problem.explained(log_likelihoods)
        some = value != 0
        gaps += np.abs(of_problem[some] / value[some] - 1).tolist()
    if gaps:
        logger.info(
            "conservation gap over %d examples x levels: median %.2g, largest %.2g of the explained value",
            len(gaps),
            np.median(gaps),
            max(gaps),
        )


METHOD = Method(
    label="AttnLRP",
    citation="Achtibat et al. 2024, arXiv:2402.05602",
    role="method",
    needs_model=True,
    seeded=False,
    settings=NoSettings,
    # A sweep for the conservation gap.
    passes=lambda settings, features: Passes(shared=1, per_level=3, best_other=Passes(shared=1)),
    scores=_scores,
    model_types=SUPPORTED,
)
