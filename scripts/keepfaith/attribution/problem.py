"""What an attribution method is given."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepfaith.config.strict import Strict

if TYPE_CHECKING:  # declarations of methods are read where torch must not be loaded
    from keepfaith.scoring.encoding import EncodedPrompt


class AttributionError(Exception):
    """An example could not be explained; the message names it."""


class NoSettings(Strict):
    """Of a method that has nothing to set."""


@dataclass(frozen=True)
class Problem:
    """One example to explain at every level.

    `targets` holds, per level, the option whose log-probability is explained. The features are the
    prompt tokens that are no special tokens; these stay in place and get no score.
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
