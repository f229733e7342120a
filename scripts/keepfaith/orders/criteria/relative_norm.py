"""Relative norm: the component that adds least to the residual stream, by length, is dropped first.

Score = E |f(X)| / |X|, mean over all calibration tokens; one-shot. Norms and mean are float64.
"""

from collections.abc import Sequence

import torch

from keepfaith.models.components import Component
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.criterion import Criterion, Ranked, smallest_first
from keepfaith.orders.stream import stream_means


def rank(
    model: PrunableModel,
    samples: Sequence[torch.Tensor],
    components: Sequence[Component],
    seed: int = 0,
) -> Ranked:
    """Components by mean relative norm, smallest first; the seed plays no part."""
    return smallest_first(
        stream_means(
            model,
            samples,
            components,
            lambda before, behind: (behind - before).norm(dim=-1) / before.norm(dim=-1),
        )
    )


CRITERION = Criterion(
    citation="Siddiqui et al. 2024, arXiv:2407.16286",
    cost="1 forward over the calibration text",
    reads_stream=True,
    rank=rank,
)
