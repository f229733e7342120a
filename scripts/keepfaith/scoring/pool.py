"""The pool in which equal inputs meet, so that each is scored once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from keepfaith.scoring.encoding import ScoringInput
from keepfaith.scoring.layout import TokenPrompt


class ScoringError(Exception):
    """An input cannot be scored, or the machine cannot score it."""


class Pool:
    """Distinct prompts with the distinct options asked behind each; every such pair has one slot.

    Attributes:
        options: by prompt, its options and their slots.
        slots: number of distinct pairs.
    """

    def __init__(self, inputs: Sequence[ScoringInput]) -> None:
        self.options: dict[TokenPrompt, dict[tuple[int, ...], int]] = {}
        self.slots = 0
        self._slots_of: list[NDArray[np.int64]] = []
        for number, item in enumerate(inputs):
            if not item.prompt_ids:
                raise ScoringError(
                    f"input {number} has an empty prompt; a model needs a token to start from"
                )
            known = self.options.setdefault(TokenPrompt(item.prompt_ids, item.positions), {})
            for option in item.option_ids:
                if not option:
                    raise ScoringError(f"input {number} has an option without tokens")
                if option not in known:
                    known[option] = self.slots
                    self.slots += 1
            self._slots_of.append(
                np.array([known[option] for option in item.option_ids], dtype=np.int64)
            )

    def scatter(self, values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """From [levels, slots] back to one [levels, options] array per input, in the inputs' order."""
        return [values[:, slots] for slots in self._slots_of]
