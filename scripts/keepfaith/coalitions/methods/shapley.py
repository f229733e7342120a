"""Shapley values of segments: the reference explanation, without a draw."""

from keepfaith.coalitions.indices import shapley_values
from keepfaith.plugins.segment_method import SegmentMethod

METHOD = SegmentMethod(
    label="exact Shapley",
    citation="Shapley 1953; Lundberg and Lee 2017, arXiv:1705.07874",
    scores=shapley_values,
)
