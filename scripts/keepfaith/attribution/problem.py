"""What an attribution method is given, and what it declares about itself."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

if TYPE_CHECKING:  # the registry lists methods where torch must not be loaded
    from keepfaith.scoring.encoding import EncodedPrompt
    from keepfaith.scoring.scorer import OptionScorer


Role = Literal["method", "control"]
"""Under test, or held against those that are: see `artifacts.schemas.METHOD` and `CONTROL`."""


class AttributionError(Exception):
    """An example could not be explained; the message names it."""


@dataclass(frozen=True)
class MethodSettings:
    """What a method may read: its name (that of its module), perturbed prompts per feature, points on a path."""

    method: str
    samples_per_token: int = 3
    steps: int = 20


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


Scores = Callable[
    [Iterable[Problem], Sequence[int], "OptionScorer", MethodSettings, int],
    Iterator[np.ndarray],
]
"""(problems, levels, scorer, settings, seed) -> per problem, in order: scores [levels, features]."""


@dataclass(frozen=True)
class Method:
    """An attribution method: its role, where it comes from, what it costs, what it reads, and the method itself.

    A method whose role is "control" is never judged and has no reversed ranking; the others are held against it.
    """

    role: Role
    citation: str
    cost: str
    settings: tuple[str, ...]
    seeded: bool
    scores: Scores

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise ValueError(f"role {self.role!r}; write {' or '.join(get_args(Role))}")
