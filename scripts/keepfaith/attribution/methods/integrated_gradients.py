"""Integrated gradients: the effect of each token, integrated along a path from a removed token to the token.

The path is a straight line in embedding space, from the baseline (the prompt with every feature replaced by the
removed token of the perturbation methods) to the prompt. The integral is computed by Gauss-Legendre quadrature.
Completeness: the scores of a prompt sum to log p(target | prompt) - log p(target | baseline); the error of this
sum, the convergence delta, is logged.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from keepfaith.attribution.perturbation import perturb
from keepfaith.attribution.problem import Problem
from keepfaith.config.strict import Positive, Strict
from keepfaith.plugins.method import Method, Passes
from keepfaith.scoring.inputs import GradientInput, ScoringInput

if TYPE_CHECKING:  # reading the declaration must not load torch
    from keepfaith.scoring.scorer import OptionScorer

logger = logging.getLogger(__name__)


class PathSettings(Strict):
    """Settings of integrated gradients."""

    steps: Positive = Field(default=20, description="Points on the path from baseline to prompt.")


def _scores(
    problems: Iterable[Problem],
    levels: Sequence[int],
    scorer: "OptionScorer",
    settings: PathSettings,
    seed: int,
) -> Iterator[np.ndarray]:
    """Integrated gradients, float64 [levels, features], per problem; the seed is not used."""
    chosen = tuple(problems)
    per_level = [
        _level_scores(chosen, index, level, scorer, settings.steps)
        for index, level in enumerate(levels)
    ]
    found = [np.stack(of_problem) for of_problem in zip(*per_level, strict=True)]
    _log_deltas(chosen, found, levels, scorer)
    yield from found


def _level_scores(
    problems: Sequence[Problem], index: int, level: int, scorer: "OptionScorer", steps: int
) -> list[np.ndarray]:
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    shares, weights = (nodes + 1) / 2, weights / 2
    inputs = [
        GradientInput(
            problem.encoded.prompt_ids,
            problem.encoded.option_ids[problem.targets[index]],
            _baseline(problem),
            share,
        )
        for problem in problems
        for share in shares.tolist()
    ]
    effects = iter(scorer.embedding_effects(inputs, level))
    return [
        np.average([next(effects) for _ in shares], axis=0, weights=weights)[
            list(problem.encoded.features)
        ]
        for problem in problems
    ]


def _baseline(problem: Problem) -> tuple[int, ...]:
    return perturb(problem, np.zeros(problem.features, dtype=bool))


def _log_deltas(
    problems: Sequence[Problem],
    found: Sequence[np.ndarray],
    levels: Sequence[int],
    scorer: "OptionScorer",
) -> None:
    """Log the error of completeness, in nats."""
    inputs = [
        ScoringInput(prompt, problem.encoded.option_ids)
        for problem in problems
        for prompt in (problem.encoded.prompt_ids, _baseline(problem))
    ]
    answers = iter(scorer.log_likelihoods(inputs, levels))
    deltas = []
    for problem, of_problem in zip(problems, found, strict=True):
        whole, nothing = next(answers), next(answers)
        effect = (whole - nothing)[np.arange(len(levels)), list(problem.targets)]
        deltas += np.abs(of_problem.sum(axis=1) - effect).tolist()
    logger.info(
        "convergence delta over %d examples x levels: median %.2g, largest %.2g nats",
        len(deltas),
        np.median(deltas),
        max(deltas),
    )


def _passes(settings: PathSettings, features: float) -> Passes:
    """Forward and backward at every point and level; prompt and baseline once more for the convergence delta."""
    return Passes(shared=2, per_level=3 * settings.steps)


METHOD = Method(
    label="integrated gradients",
    citation="Sundararajan, Taly, Yan 2017, arXiv:1703.01365",
    role="method",
    needs_model=True,
    seeded=False,
    settings=PathSettings,
    passes=_passes,
    scores=_scores,
)
