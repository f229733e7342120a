"""Input of an attribution method."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keepfaith.config.schema.study import Explains, RemovedTokenChoice
from keepfaith.config.strict import Strict
from keepfaith.scoring.inputs import ScoringInput
from keepfaith.scoring.values import margins

if TYPE_CHECKING:  # reading the declaration of a method must not load torch
    from keepfaith.scoring.encoding import EncodedPrompt


class AttributionError(Exception):
    """An example could not be explained; the message names it."""


class NoSettings(Strict):
    """Settings of a method without settings."""


@dataclass(frozen=True)
class ExplainedValue:
    """Settings that all methods of a study share.

    Attributes:
        explains: see `Problem.explains`.
        removed_token: what a method that replaces tokens puts in their place, see `scoring.removed_token`.
    """

    explains: Explains = "margin"
    removed_token: RemovedTokenChoice = "auto"


@dataclass(frozen=True)
class Problem:
    """One example to explain at every level.

    The features are all prompt tokens but the special tokens, which stay and get no score.

    Attributes:
        example_id: name of the example.
        encoded: its prompt and options.
        targets: per level, the option whose value is explained.
        explains: "margin", the target's log-likelihood less the best other option's, which does not depend on how flat
            the probabilities are; or "log_probability", the target's log-likelihood alone, as in the study.
        removed_token: id of the token that replaces a removed one; None where no method needs it.
    """

    example_id: str
    encoded: "EncodedPrompt"
    targets: tuple[int, ...]
    explains: Explains = "margin"
    removed_token: int | None = None

    @property
    def feature_ids(self) -> tuple[int, ...]:
        """Token ids of the features, in the order of the prompt."""
        return self.encoded.feature_ids

    @property
    def features(self) -> int:
        """Number of features."""
        return len(self.encoded.features)

    @property
    def asked_options(self) -> tuple[int, ...]:
        """The options that the explained value depends on at some level, ascending."""
        if self.explains == "margin":
            return tuple(range(len(self.encoded.option_ids)))
        return tuple(sorted(set(self.targets)))

    @property
    def chooses(self) -> bool:
        """Whether the best other option has to be found: there is more than one other."""
        return self.explains == "margin" and len(self.encoded.option_ids) > 2

    def asked(self, prompt_ids: tuple[int, ...]) -> ScoringInput:
        """The prompt, or a perturbed one, with `asked_options`."""
        return ScoringInput(
            prompt_ids, tuple(self.encoded.option_ids[option] for option in self.asked_options)
        )

    def explained(self, log_likelihoods: np.ndarray) -> np.ndarray:
        """The explained value at every level, float64 [levels, ...].

        Args:
            log_likelihoods: of `asked_options`, [levels, ..., options].
        """
        columns = [self.asked_options.index(target) for target in self.targets]
        if self.explains == "margin":
            of_levels = [
                margins(of_level, column)
                for of_level, column in zip(log_likelihoods, columns, strict=True)
            ]
        else:
            of_levels = [
                of_level[..., column]
                for of_level, column in zip(log_likelihoods, columns, strict=True)
            ]
        return np.stack(of_levels)

    def weights(
        self, level_index: int, log_likelihoods: np.ndarray | None = None
    ) -> tuple[float, ...]:
        """Weights of all options, with which their log-likelihoods add up to the explained value near a point.

        Args:
            level_index: index of the level among `targets`.
            log_likelihoods: of all options at that point, [options]; needed where the problem `chooses`.
        """
        options, target = len(self.encoded.option_ids), self.targets[level_index]
        weights = [0.0] * options
        weights[target] = 1.0
        if self.explains == "margin":
            others = [option for option in range(options) if option != target]
            if len(others) > 1:
                assert log_likelihoods is not None
                others.sort(key=lambda option: -log_likelihoods[option])  # ties: the lowest index
            weights[others[0]] = -1.0
        return tuple(weights)
