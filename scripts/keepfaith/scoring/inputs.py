"""Questions to the scorer: token ids alone, so that whoever puts one together needs no tokenizer and no torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ScoringInput:
    """A prompt and the options whose log-likelihood after it is asked for; only these cost anything.

    `positions` are those of the prompt's tokens where some are left out and the others stay where they are; None stands
    for 0, 1, 2, ... Options follow the last one.
    """

    prompt_ids: tuple[int, ...]
    option_ids: tuple[tuple[int, ...], ...]
    positions: tuple[int, ...] | None = None


@dataclass(frozen=True)
class GradientInput:
    """A prompt, one option after it, and the point at which the option's log-likelihood is differentiated.

    The point lies on the straight line, in embeddings, from a baseline prompt (share 0) to the prompt (share 1).
    The baseline has as many tokens as the prompt; None stands for zero vectors.
    """

    prompt_ids: tuple[int, ...]
    option_ids: tuple[int, ...]
    baseline_ids: tuple[int, ...] | None = None
    share: float = 1.0
