"""Points at which the explained value is differentiated, with the options that it consists of there."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keepfaith.attribution.problem import NoSettings, Problem
from keepfaith.plugins.method import Passes, Scores
from keepfaith.scoring.inputs import GradientInput

if TYPE_CHECKING:  # reading the declaration of a method must not load torch
    from keepfaith.scoring.scorer import OptionScorer

PROMPT_GRADIENT = Passes(per_level=3, best_other=Passes(shared=1))
"""Cost of a gradient at the prompt itself: forward and backward at every level; the log-likelihoods that tell the best
other choice are computed at all levels in one sweep."""


def at_prompts(
    problems: Sequence[Problem], levels: Sequence[int], scorer: "OptionScorer"
) -> list[list[GradientInput]]:
    """Per level, the prompt of every problem as the point at which its explained value is differentiated."""
    choosing = [problem for problem in problems if problem.chooses]
    answers = scorer.log_likelihoods(
        [problem.asked(problem.encoded.prompt_ids) for problem in choosing], levels
    )
    known = dict(zip(map(id, choosing), answers, strict=True))
    return [
        [
            GradientInput(
                problem.encoded.prompt_ids,
                problem.encoded.option_ids,
                problem.weights(index, known[id(problem)][index] if problem.chooses else None),
            )
            for problem in problems
        ]
        for index in range(len(levels))
    ]


def of_features(problem: Problem, per_level: Sequence[np.ndarray]) -> np.ndarray:
    """Scores of the features, [levels, features], from those of all prompt tokens at every level."""
    return np.stack(per_level)[:, list(problem.encoded.features)]


def prompt_gradient_scores(
    of_tokens: "Callable[[OptionScorer, Sequence[GradientInput], int], list[np.ndarray]]",
) -> Scores:
    """The attribution method whose scores `of_tokens` makes of the gradient at the prompt, at one level.

    Args:
        of_tokens: (scorer, inputs, level) -> per input a score of every prompt token.
    """

    def scores(
        problems: Iterable[Problem],
        levels: Sequence[int],
        scorer: "OptionScorer",
        settings: NoSettings,
        seed: int,
    ) -> Iterator[np.ndarray]:
        chosen = tuple(problems)
        inputs = at_prompts(chosen, levels, scorer)
        per_level = [
            of_tokens(scorer, of_level, level)
            for of_level, level in zip(inputs, levels, strict=True)
        ]
        for problem, *found in zip(chosen, *per_level, strict=True):
            yield of_features(problem, found)

    return scores
