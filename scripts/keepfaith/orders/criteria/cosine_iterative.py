"""Iterative cosine criterion: as `cosine`, scored again after every drop.

Dropping a component changes the residual stream that the others read, and so their scores.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keepfaith.models.components import Component
from keepfaith.orders.criteria.cosine import cosine_scores
from keepfaith.orders.criterion import one_by_one
from keepfaith.plugins.criterion import Criterion, RankedComponents

if TYPE_CHECKING:
    import torch

    from keepfaith.models.removal import PrunableModel


def _rank(
    model: "PrunableModel",
    samples: Sequence["torch.Tensor"],
    components: Sequence[Component],
    seed: int = 0,
) -> RankedComponents:
    """Each component with its score at the time it is dropped; the seed is not used."""
    return one_by_one(
        components, lambda dropped, left: cosine_scores(model, samples, left, dropped)
    )


CRITERION = Criterion(
    label="Cosine, iterative",
    citation="He et al. 2024, LLM-Drop (iterative dropping), arXiv:2406.15786",
    reads_text=True,
    reads_stream=True,
    seeded=False,
    passes=lambda components: components,
    rank=_rank,
)
