"""Relative norm: the component that adds least to the residual stream, by norm, is dropped first.

Score = E |f(X)| / |X|, mean over all calibration tokens; one-shot. Norms and mean are float64.
"""

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
    """Components by mean relative norm, smallest first; the seed is not used."""
    # Torch is imported here, so that reading the declaration does not load it.
    from keepfaith.orders.stream import stream_means

    return smallest_first(
        stream_means(
            model,
            samples,
            components,
            lambda resid_pre, resid_post: (
                (resid_post - resid_pre).norm(dim=-1) / resid_pre.norm(dim=-1)
            ),
        )
    )


CRITERION = Criterion(
    label="Relative norm",
    citation="Siddiqui et al. 2024, arXiv:2407.16286",
    reads_text=True,
    reads_stream=True,
    seeded=False,
    passes=lambda components: 1,
    rank=_rank,
)
