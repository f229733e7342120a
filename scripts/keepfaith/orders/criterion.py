"""What a pruning criterion is given, what it declares about itself, and how scores become an order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepfaith.models.components import Component

if TYPE_CHECKING:  # the registry lists criteria where torch must not be loaded
    import torch

    from keepfaith.models.removal import PrunableModel

Ranked = list[tuple[Component, float]]
"""Components with their scores, the one to be dropped first in front."""

Rank = Callable[["PrunableModel", Sequence["torch.Tensor"], Sequence[Component], int], Ranked]
"""(dense model, calibration samples [1, T] of token ids, components to rank, seed) -> Ranked."""


@dataclass(frozen=True)
class Criterion:
    """A pruning criterion: where it comes from, what it costs, and the ranking itself.

    Attributes:
        citation: who proposed it.
        cost: in passes over the calibration text.
        rank: see `Rank`; attention, MLPs and blocks alike.
        reads_stream: it compares the residual stream before and behind a sub-layer, so it must be known how an
            architecture adds one to it (see `stream_check`).
    """

    citation: str
    cost: str
    rank: Rank
    reads_stream: bool = False


def smallest_first(scores: Mapping[Component, float]) -> Ranked:
    """One-shot: all components by score; ties go to the lower layer, attention before MLP."""
    return sorted(scores.items(), key=lambda item: (item[1], item[0]))


def one_by_one(
    components: Sequence[Component],
    scores: Callable[[Sequence[Component], Sequence[Component]], Mapping[Component, float]],
) -> Ranked:
    """Iterative: drop the component with the smallest score, score the others again without it, and so on.

    Args:
        components: all of them.
        scores: (components dropped so far, components left) -> scores of those left.
    """
    ranked: Ranked = []
    left = list(components)
    while left:
        first = smallest_first(scores([component for component, _ in ranked], left))[0]
        ranked.append(first)
        left.remove(first[0])
    return ranked
