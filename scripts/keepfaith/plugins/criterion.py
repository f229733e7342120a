"""Pruning criteria: what one is given, what it declares about itself, and where criteria are found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepfaith.plugins.registry import Registry

if TYPE_CHECKING:
    import torch

    from keepfaith.models.components import Component
    from keepfaith.models.removal import PrunableModel

RankedComponents = list[tuple["Component", float]]
"""Components with their scores, the one to be dropped first in front."""

Rank = Callable[
    ["PrunableModel", Sequence["torch.Tensor"], Sequence["Component"], int], RankedComponents
]
"""(dense model, calibration samples [1, T] of token ids, components to rank, seed) -> RankedComponents."""


@dataclass(frozen=True)
class Criterion:
    """A pruning criterion: where it comes from, what it reads, what it costs, and the ranking itself.

    Its module is imported where a study is read and planned, without torch: heavy packages are imported inside its
    functions.

    Attributes:
        label: what readers see.
        citation: who proposed it.
        reads_text: it needs calibration text; otherwise `rank` is given no samples.
        reads_stream: it compares the residual stream before and after a sub-layer, so it must be known how an
            architecture adds one to it (see `orders.stream_check`).
        seeded: another seed gives another ranking of the same model on the same text.
        passes: number of components -> forward passes over the calibration text. A pass of a model with components
            removed counts as a whole one.
        rank: see `Rank`; attention, MLPs and blocks alike.

    Raises:
        ValueError: it reads the stream, or passes over text, and says that it reads no text.
    """

    label: str
    citation: str
    reads_text: bool
    reads_stream: bool
    seeded: bool
    passes: Callable[[int], float]
    rank: Rank

    def __post_init__(self) -> None:
        if not self.reads_text and (self.reads_stream or self.passes(1)):
            raise ValueError(
                f"criterion {self.label!r} passes over calibration text; declare reads_text=True"
            )


CRITERIA = Registry("keepfaith.orders.criteria", "CRITERION", Criterion, "criterion")
