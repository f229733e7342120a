"""Random: components in a random sequence, drawn with the order's seed. What any criterion must beat."""

from collections.abc import Sequence

import numpy as np
import torch

from keepfaith.models.components import Component
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.criterion import Criterion, Ranked, smallest_first


def rank(
    model: PrunableModel,
    samples: Sequence[torch.Tensor],
    components: Sequence[Component],
    seed: int = 0,
) -> Ranked:
    """Components by a number drawn uniformly from [0, 1)."""
    drawn = np.random.default_rng(seed).random(len(components)).tolist()
    return smallest_first(dict(zip(components, drawn, strict=True)))


CRITERION = Criterion(citation="a control", cost="none", rank=rank)
