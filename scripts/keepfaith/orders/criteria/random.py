"""Random criterion: components in a random sequence, drawn with the order's seed. A baseline for all criteria."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keepfaith.models.components import Component
from keepfaith.orders.criterion import smallest_first
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
    """Components by a number drawn uniformly from [0, 1)."""
    import numpy as np  # here, so that reading the declaration does not load it

    drawn = np.random.default_rng(seed).random(len(components)).tolist()
    return smallest_first(dict(zip(components, drawn, strict=True)))


CRITERION = Criterion(
    label="Random",
    citation="a control",
    reads_text=False,
    reads_stream=False,
    seeded=True,
    passes=lambda components: 0,
    rank=_rank,
)
