"""Last k: the deepest component is dropped first. A baseline that reads no text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keepfaith.models.components import Component
from keepfaith.plugins.criterion import Criterion, RankedComponents

if TYPE_CHECKING:
    import torch

    from keepfaith.models.removal import PrunableModel


def deepest_first(
    model: "PrunableModel",
    samples: Sequence["torch.Tensor"],
    components: Sequence[Component],
    seed: int = 0,
) -> RankedComponents:
    """Components from the last layer to the first, the MLP of a layer before its attention; score: layers above."""
    return [
        (component, float(model.layers - 1 - component.layer))
        for component in sorted(components, reverse=True)
    ]


CRITERION = Criterion(
    label="Last k",
    citation="Tyukin et al. 2024, arXiv:2407.15516",
    reads_text=False,
    reads_stream=False,
    seeded=False,
    passes=lambda components: 0,
    rank=deepest_first,
)
