"""Angular distance: the block that turns the residual stream least, at the last token, is dropped first.

Score = E arccos(cos(resid_pre, resid_post)) / pi at the last token of each calibration sample. Gromov et al. drop a
run of neighbouring blocks; here, so that levels nest, each block is scored by itself (their n = 1).
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
    """Components by mean angular distance, smallest first; the seed is not used."""
    # Torch is imported here, so that reading the declaration does not load it.
    from keepfaith.orders.stream import stream_means

    return smallest_first(stream_means(model, samples, components, _last_angles))


def _last_angles(resid_pre: "torch.Tensor", resid_post: "torch.Tensor") -> "torch.Tensor":
    from keepfaith.orders.stream import cosines

    return cosines(resid_pre[:, -1], resid_post[:, -1]).clamp(-1, 1).arccos() / math.pi


CRITERION = Criterion(
    label="Angular distance",
    citation="Gromov et al. 2024, The Unreasonable Ineffectiveness of the Deeper Layers, arXiv:2403.17887",
    reads_text=True,
    reads_stream=True,
    seeded=False,
    passes=lambda components: 1,
    rank=_rank,
)
