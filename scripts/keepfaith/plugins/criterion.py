"""Pruning criteria: input, declaration and registry."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepfaith.plugins.registry import Registry

if TYPE_CHECKING:
    import torch

    from keepfaith.models.components import Component
    from keepfaith.models.removal import PrunableModel

RankedComponents = list[tuple["Component", float]]
"""Components with their scores, the first to be dropped first."""

Rank = Callable[
    ["PrunableModel", Sequence["torch.Tensor"], Sequence["Component"], int], RankedComponents
]
"""(dense model, calibration samples [1, T] of token ids, components to rank, seed) -> RankedComponents."""


@dataclass(frozen=True)
class Criterion:
    """A pruning criterion: its source, input, cost, and the ranking itself.

    Its module is imported where a study is read and planned, without torch: heavy packages are imported inside its
    functions.

    Attributes:
        label: its name in the report.
        citation: the paper that proposed it.
        reads_text: it needs calibration text; otherwise `rank` gets no samples.
        reads_stream: it compares the residual stream before and after a sub-layer, so the way in which an architecture
            adds one to the stream must be known (see `orders.stream_check`).
        seeded: another seed gives another ranking of the same model on the same text.
        passes: number of components -> forward passes over the calibration text. A pass of a model with components
            removed counts as a full one.
        rank: see `Rank`; the same for attention, MLPs and blocks.

    Raises:
        ValueError: it reads the stream, or passes over text, and declares that it reads no text.
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
