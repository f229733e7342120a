"""Angular distance: the block over which the stream turns least, at the last token, is dropped first.

Score = E arccos(cos(X, Y)) / pi at the last token of each calibration sample. Gromov et al. drop a run of
neighbouring blocks; here, so that levels nest, each block is scored for itself (their n = 1).
"""

import math
from collections.abc import Sequence

import torch
from torch.nn.functional import cosine_similarity

from keepfaith.models.components import Component
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.criterion import ALL, Criterion, Ranked, smallest_first
from keepfaith.orders.stream import observe_stream


def rank(
    model: PrunableModel,
    samples: Sequence[torch.Tensor],
    components: Sequence[Component],
    seed: int = 0,
) -> Ranked:
    """Components by mean angular distance, smallest first; the seed plays no part."""
    sums, rows = dict.fromkeys(components, 0.0), dict.fromkeys(components, 0)

    def add(component: Component, before: torch.Tensor, behind: torch.Tensor) -> None:
        cosines = cosine_similarity(before[:, -1], behind[:, -1], dim=-1, eps=1e-30)
        sums[component] += float(cosines.clamp(-1, 1).arccos().sum()) / math.pi
        rows[component] += len(cosines)

    observe_stream(model, samples, components, add)
    return smallest_first(
        {component: sums[component] / rows[component] for component in components}
    )


CRITERION = Criterion(
    citation="Gromov et al. 2024, The Unreasonable Ineffectiveness of the Deeper Layers, arXiv:2403.17887",
    cost="1 forward over the calibration text",
    components=ALL,
    rank=rank,
)
