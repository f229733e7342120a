"""Segment methods: explanations that follow from the values of all coalitions, without a model and without a draw."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepfaith.plugins.registry import Registry

if TYPE_CHECKING:
    from keepfaith.coalitions.subsets import FloatArray


@dataclass(frozen=True)
class SegmentMethod:
    """One way to score segments exactly.

    Attributes:
        label: its name in figures and tables.
        citation: where it comes from.
        scores: values of all coalitions [..., 2^n] -> scores [..., n].
    """

    label: str
    citation: str
    scores: "Callable[[FloatArray], FloatArray]"


SEGMENT_METHODS = Registry(
    "keepfaith.coalitions.methods", "METHOD", SegmentMethod, "segment method"
)
