"""Iterative cosine criterion: as `cosine`, scored again after every drop.

The scores of the others change once a component is gone, since the stream they read is another.
"""

from collections.abc import Sequence

import torch

from keepfaith.models.components import Component
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.criteria import cosine
from keepfaith.orders.criterion import Criterion, Ranked, one_by_one


def rank(
    model: PrunableModel,
    samples: Sequence[torch.Tensor],
    components: Sequence[Component],
    seed: int = 0,
) -> Ranked:
    """Each component with its score at the time it is dropped; the seed plays no part."""
    return one_by_one(
        components, lambda dropped, left: cosine.scores(model, samples, left, dropped)
    )


CRITERION = Criterion(
    citation="He et al. 2024, LLM-Drop (iterative dropping), arXiv:2406.15786",
    cost="1 forward over the calibration text per component",
    reads_stream=True,
    rank=rank,
)
