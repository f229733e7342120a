"""Perturbation loop of LIME and KernelSHAP: masks, values of the masked prompts, surrogate coefficients.

Masks depend on the number of features and the seed, never on the model or the level. So one call of the
scorer computes the same perturbed prompts at all levels, only for choices that some level predicts.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from keepfaith.attribution.problem import AttributionError, Problem
from keepfaith.config.strict import Positive, Strict
from keepfaith.plugins.method import Passes, Scores
from keepfaith.scoring.inputs import ScoringInput

if TYPE_CHECKING:  # reading the declaration of a method must not load torch
    from keepfaith.scoring.scorer import OptionScorer

REMOVED_TOKEN = 0
"""Token id that replaces a removed token; the default of Captum, also used in the study."""

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


def sampling_passes(settings: SamplingSettings, features: float) -> Passes:
    """One forward pass per perturbed prompt; all levels share them, since masks do not depend on the level."""
    return Passes(shared=settings.samples_per_token * features)


def surrogate_scores(draw_masks: DrawMasks, fit_surrogate: FitSurrogate) -> Scores:
    """The attribution method that fits a surrogate to the values of the prompts masked by `draw_masks`."""

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
                draw_masks(problem.features, settings.samples_per_token * problem.features, seed),
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
                yield fit_surrogate(masks, values)

    return scores


def perturb(problem: Problem, mask: np.ndarray) -> tuple[int, ...]:
    """Prompt ids with the features outside `mask` (bool [features]) replaced by `REMOVED_TOKEN`."""
    ids = list(problem.encoded.prompt_ids)
    for position, keep in zip(problem.encoded.features, mask.tolist(), strict=True):
        if not keep:
            ids[position] = REMOVED_TOKEN
    return tuple(ids)


def _values(
    chunk: Sequence[tuple[Problem, np.ndarray]], levels: Sequence[int], scorer: "OptionScorer"
) -> Iterator[np.ndarray]:
    """Per problem: log p(target | perturbed prompt), float64 [levels, samples]."""
    inputs = []
    for problem, masks in chunk:
        options = tuple(
            problem.encoded.option_ids[target] for target in sorted(set(problem.targets))
        )
        inputs += [ScoringInput(perturb(problem, mask), options) for mask in masks]
    answers = iter(scorer.log_likelihoods(inputs, levels))
    for problem, masks in chunk:
        values = np.stack([next(answers) for _ in masks], axis=1)
        columns = np.searchsorted(sorted(set(problem.targets)), problem.targets)
        yield np.take_along_axis(values, columns[:, None, None], axis=2)[:, :, 0]


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
