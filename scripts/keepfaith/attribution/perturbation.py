"""Perturbation loop of LIME and KernelSHAP: masks, values of the masked prompts, surrogate coefficients.

Masks depend on the number of features and the seed, never on the model or the level. So one call of the
scorer computes the same perturbed prompts at all levels, only for choices that the explained value depends on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from keepfaith.attribution.problem import AttributionError, Problem
from keepfaith.config.strict import Positive, Strict
from keepfaith.plugins.method import Passes, Scores

if TYPE_CHECKING:  # reading the declaration of a method must not load torch
    from keepfaith.scoring.scorer import OptionScorer

TOKENS_PER_CALL = 400_000
"""Prompt tokens passed to the scorer at once: bounds memory for any number of examples."""

DrawMasks = Callable[[int, int, int], np.ndarray]
"""(features, samples, seed) -> bool [samples, features], true where a feature is kept."""

FitSurrogate = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(masks [samples, features], values [levels, samples]) -> scores [levels, features]."""


class SamplingSettings(Strict):
    """Settings of a method that scores perturbed prompts."""

    samples_per_token: Positive = Field(
        default=3, description="Perturbed prompts per token of the prompt; the study's number is 3."
    )
    maximum_samples: Positive | None = Field(
        default=None,
        description="Most perturbed prompts of one text; without it the cost grows with the square of its length.",
    )

    def samples(self, features: float) -> float:
        """Perturbed prompts of a text with this many tokens: a whole number where `features` is one."""
        wanted = self.samples_per_token * features
        return wanted if self.maximum_samples is None else min(wanted, self.maximum_samples)


def sampling_passes(settings: SamplingSettings, features: float) -> Passes:
    """One forward pass per perturbed prompt; all levels share them, since masks do not depend on the level."""
    return Passes(shared=settings.samples(features))


def surrogate_scores(
    draw_masks: DrawMasks, fit_surrogate: FitSurrogate, fit_log_probability: FitSurrogate
) -> Scores:
    """The attribution method that fits a surrogate to the values of the prompts masked by `draw_masks`.

    Args:
        draw_masks: see `DrawMasks`.
        fit_surrogate: the fit to margins.
        fit_log_probability: the fit to log-probabilities, which reproduces the study's.
    """

    def scores(
        problems: Iterable[Problem],
        levels: Sequence[int],
        scorer: "OptionScorer",
        settings: SamplingSettings,
        seed: int,
    ) -> Iterator[np.ndarray]:
        masked = (
            (
                problem,
                draw_masks(problem.features, int(settings.samples(problem.features)), seed),
            )
            for problem in problems
        )
        for chunk in _chunks(masked):
            for (problem, masks), values in zip(chunk, _values(chunk, levels, scorer), strict=True):
                if not np.isfinite(values).all():
                    raise AttributionError(
                        f"example {problem.example_id}: log-likelihoods of perturbed prompts contain NaN or "
                        "infinity"
                    )
                fit = fit_surrogate if problem.explains == "margin" else fit_log_probability
                yield fit(masks, values)

    return scores


def perturb(problem: Problem, mask: np.ndarray) -> tuple[int, ...]:
    """Prompt ids with the features outside `mask` (bool [features]) replaced by the problem's removed token.

    Raises:
        AttributionError: there is no such token.
    """
    if problem.removed_token is None:
        raise AttributionError(
            f"example {problem.example_id}: no token is known to put in the place of removed ones; type "
            "faithfulness.removed_token: study"
        )
    ids = list(problem.encoded.prompt_ids)
    for position, keep in zip(problem.encoded.features, mask.tolist(), strict=True):
        if not keep:
            ids[position] = problem.removed_token
    return tuple(ids)


def _values(
    chunk: Sequence[tuple[Problem, np.ndarray]], levels: Sequence[int], scorer: "OptionScorer"
) -> Iterator[np.ndarray]:
    """Per problem: the explained value of the perturbed prompts, float64 [levels, samples]."""
    inputs = [problem.asked(perturb(problem, mask)) for problem, masks in chunk for mask in masks]
    answers = iter(scorer.log_likelihoods(inputs, levels))
    for problem, masks in chunk:
        # [levels, samples, options]
        yield problem.explained(np.stack([next(answers) for _ in masks], axis=1))


def _chunks(
    masked: Iterable[tuple[Problem, np.ndarray]],
) -> Iterator[list[tuple[Problem, np.ndarray]]]:
    """Consecutive problems in groups of about `TOKENS_PER_CALL` perturbed prompt tokens."""
    chunk: list[tuple[Problem, np.ndarray]] = []
    tokens = 0
    for problem, masks in masked:
        chunk.append((problem, masks))
        tokens += len(masks) * len(problem.encoded.prompt_ids)
        if tokens >= TOKENS_PER_CALL:
            yield chunk
            chunk, tokens = [], 0
    if chunk:
        yield chunk
