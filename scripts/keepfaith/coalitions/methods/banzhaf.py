"""Banzhaf values of segments: all coalitions weigh the same."""

from keepfaith.coalitions.indices import banzhaf_values
from keepfaith.plugins.segment_method import SegmentMethod

METHOD = SegmentMethod(
    label="exact Banzhaf",
    citation="Banzhaf 1965; Wang and Jia 2023, arXiv:2205.15466",
    scores=banzhaf_values,
)
