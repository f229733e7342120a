"""Angular distance: the block over which the stream turns least, at the last token, is dropped first.

Score = E arccos(cos(X, Y)) / pi at the last token of each calibration sample. Gromov et al. drop a run of
neighbouring blocks; here, so that levels nest, each block is scored for itself (their n = 1).
"""

import math
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
    """Components by mean angular distance, smallest first; the seed plays no part."""
    # Torch is loaded here, and not where the declaration is read.
    from keepfaith.orders.stream import stream_means

    return smallest_first(stream_means(model, samples, components, _last_angles))


def _last_angles(before: "torch.Tensor", behind: "torch.Tensor") -> "torch.Tensor":
    from keepfaith.orders.stream import cosines

    return cosines(before[:, -1], behind[:, -1]).clamp(-1, 1).arccos() / math.pi


CRITERION = Criterion(
    label="Angular distance",
    citation="Gromov et al. 2024, The Unreasonable Ineffectiveness of the Deeper Layers, arXiv:2403.17887",
    reads_text=True,
    reads_stream=True,
    seeded=False,
    passes=lambda components: 1,
    rank=_rank,
)
