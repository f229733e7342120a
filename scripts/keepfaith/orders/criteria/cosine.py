"""Cosine criterion: the component that turns the residual stream least is dropped first.

Score = 1 - E cos(resid_pre, resid_post), the residual stream before and after the component, mean over all
calibration tokens; one-shot, smallest score first. For whole blocks this is ShortGPT's block influence.
Cosines and their mean are float64.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keepfaith.models.components import Component, Step
from keepfaith.orders.criterion import smallest_first
from keepfaith.plugins.criterion import Criterion, RankedComponents

if TYPE_CHECKING:
    import torch

    from keepfaith.models.removal import PrunableModel


def cosine_scores(
    model: "PrunableModel",
    samples: Sequence["torch.Tensor"],
    components: Sequence[Component],
    dropped: Sequence[Step] = (),
) -> dict[Component, float]:
    """1 - mean cosine of every component, with `dropped` removed."""
    # Torch is imported here, so that reading the declaration does not load it.
    from keepfaith.orders.stream import cosines, stream_means

    means = stream_means(model, samples, components, cosines, dropped)
    return {component: 1.0 - mean for component, mean in means.items()}


def _rank(
    model: "PrunableModel",
    samples: Sequence["torch.Tensor"],
    components: Sequence[Component],
    seed: int = 0,
) -> RankedComponents:
    """Components by 1 - mean cosine, smallest first; the seed is not used."""
    return smallest_first(cosine_scores(model, samples, components))


CRITERION = Criterion(
    label="Cosine",
    citation="He et al. 2024, LLM-Drop, arXiv:2406.15786; blocks: Men et al. 2024, ShortGPT, arXiv:2403.03853",
    reads_text=True,
    reads_stream=True,
    seeded=False,
    passes=lambda components: 1,
    rank=_rank,
)
