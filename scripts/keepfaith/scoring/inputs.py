"""Inputs to the scorer: token ids only, so that building one needs neither a tokenizer nor torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ScoringInput:
    """A prompt and the choices to score after it; only these cost time.

    `positions` are those of the prompt's tokens where some are left out and the others stay where they are; None stands
    for 0, 1, 2, ... Choices follow the last one.
    """

    prompt_ids: tuple[int, ...]
    option_ids: tuple[tuple[int, ...], ...]
    positions: tuple[int, ...] | None = None


@dataclass(frozen=True)
class GradientInput:
    """A prompt, choices after it, and the point at which a weighted sum of their log-likelihoods is differentiated.

    `weights` holds one number per choice; choices of weight 0 cost no gradient. The point lies on the straight line, in
    embedding space, from a baseline prompt (share 0) to the prompt (share 1). The baseline has as many tokens as the
    prompt; None means zero vectors.
    """

    prompt_ids: tuple[int, ...]
    option_ids: tuple[tuple[int, ...], ...]
    weights: tuple[float, ...]
    baseline_ids: tuple[int, ...] | None = None
    share: float = 1.0
