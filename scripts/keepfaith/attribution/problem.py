"""Input of an attribution method."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepfaith.config.strict import Strict

if TYPE_CHECKING:  # reading the declaration of a method must not load torch
    from keepfaith.scoring.encoding import EncodedPrompt


class AttributionError(Exception):
    """An example could not be explained; the message names it."""


class NoSettings(Strict):
    """Settings of a method without settings."""


@dataclass(frozen=True)
class Problem:
    """One example to explain at every level.

    `targets` holds, per level, the choice whose log-probability is explained. The features are all
    prompt tokens but the special tokens, which stay and get no score.
    """

    example_id: str
    encoded: "EncodedPrompt"
    targets: tuple[int, ...]

    @property
    def feature_ids(self) -> tuple[int, ...]:
        """Token ids of the features, in the order of the prompt."""
        return self.encoded.feature_ids

    @property
    def features(self) -> int:
        """Number of features."""
        return len(self.encoded.features)
