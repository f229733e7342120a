"""Segment operators: how the segments that a coalition does not keep are removed from a prompt."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepfaith.plugins.registry import Registry

if TYPE_CHECKING:
    from keepfaith.coalitions.segmented import SegmentedPrompt
    from keepfaith.scoring.encoding import PromptEncoder
    from keepfaith.scoring.inputs import ScoringInput

KeepSegments = Callable[["PromptEncoder", "SegmentedPrompt", int], "ScoringInput"]
"""(encoder, the whole prompt with its segments, coalition) -> the input in which only its segments stay."""


@dataclass(frozen=True)
class SegmentOperator:
    """One way to remove segments.

    Attributes:
        label: what it does, in words that complete "segments are ...".
        citation: where it comes from.
        needs_positions: whether tokens keep positions that others leave empty, which a model must be able to take.
        keep: makes the input; that of the coalition of all segments is the prompt itself.
    """

    label: str
    citation: str
    needs_positions: bool
    keep: KeepSegments


SEGMENT_OPERATORS = Registry(
    "keepfaith.coalitions.operators", "OPERATOR", SegmentOperator, "segment operator"
)
