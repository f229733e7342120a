"""Integrated gradients: the effect of each token, integrated along a path from a removed token to the token.

The path is a straight line in embedding space, from the baseline (the prompt with every feature replaced by the
removed token of the perturbation methods) to the prompt. The integral is computed by Gauss-Legendre quadrature.
Completeness: the scores of a prompt sum to the explained value of the prompt less that of the baseline; the error of
this sum, the convergence delta, is logged. Which other option is best may change along the path: it is looked up at
every point.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from keepfaith.attribution.perturbation import perturb
from keepfaith.attribution.problem import Problem
from keepfaith.config.strict import Positive, Strict
from keepfaith.plugins.method import Method, Passes
from keepfaith.scoring.inputs import GradientInput

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
    effects = iter(scorer.embedding_effects(_points(problems, index, level, scorer, shares), level))
    return [
        np.average([next(effects) for _ in shares], axis=0, weights=weights)[
            list(problem.encoded.features)
        ]
        for problem in problems
    ]


def _points(
    problems: Sequence[Problem],
    index: int,
    level: int,
    scorer: "OptionScorer",
    shares: np.ndarray,
) -> list[GradientInput]:
    """Every problem at every point of its path, with the options that its explained value consists of there."""
    owners = [problem for problem in problems for _ in shares]
    points = [
        GradientInput(
            problem.encoded.prompt_ids,
            problem.encoded.option_ids,
            # Of all options, where they still have to be compared.
            (1.0,) * len(problem.encoded.option_ids) if problem.chooses else problem.weights(index),
            _baseline(problem),
            share,
        )
        for problem in problems
        for share in shares.tolist()
    ]
    choosing = [number for number, problem in enumerate(owners) if problem.chooses]
    answers = scorer.log_likelihoods_at([points[number] for number in choosing], level)
    for number, found in zip(choosing, answers, strict=True):
        points[number] = replace(points[number], weights=owners[number].weights(index, found))
    return points


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
        problem.asked(prompt)
        for problem in problems
        for prompt in (problem.encoded.prompt_ids, _baseline(problem))
    ]
    answers = iter(scorer.log_likelihoods(inputs, levels))
    deltas = []
    for problem, of_problem in zip(problems, found, strict=True):
        whole, nothing = (problem.explained(next(answers)) for _ in range(2))
        deltas += np.abs(of_problem.sum(axis=1) - (whole - nothing)).tolist()
    logger.info(
        "convergence delta over %d examples x levels: median %.2g, largest %.2g nats",
        len(deltas),
        np.median(deltas),
        max(deltas),
    )


def _passes(settings: PathSettings, features: float) -> Passes:
    """Forward and backward at every point and level; prompt and baseline once more for the convergence delta."""
    best_other = Passes(per_level=settings.steps)
    return Passes(shared=2, per_level=3 * settings.steps, best_other=best_other)


METHOD = Method(
    label="integrated gradients",
    citation="Sundararajan, Taly, Yan 2017, arXiv:1703.01365",
    role="method",
    needs_model=True,
    seeded=False,
    settings=PathSettings,
    passes=_passes,
    scores=_scores,
    replaces_tokens=True,
)
