"""Turning scores into an order: all at once, or one drop at a time."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from keepfaith.models.components import Component

if TYPE_CHECKING:
    from keepfaith.plugins.criterion import RankedComponents


def smallest_first(scores: Mapping[Component, float]) -> "RankedComponents":
    """One-shot: all components by score; ties go to the lower layer, attention before MLP."""
    return sorted(scores.items(), key=lambda item: (item[1], item[0]))


def one_by_one(
    components: Sequence[Component],
    scores: Callable[[Sequence[Component], Sequence[Component]], Mapping[Component, float]],
) -> "RankedComponents":
    """Iterative: drop the component with the smallest score, score the others again without it, and repeat.

    Args:
        components: all of them.
        scores: (components dropped so far, components left) -> scores of those left.
    """
    ranked: RankedComponents = []
    left = list(components)
    while left:
        first = smallest_first(scores([component for component, _ in ranked], left))[0]
        ranked.append(first)
        left.remove(first[0])
    return ranked
