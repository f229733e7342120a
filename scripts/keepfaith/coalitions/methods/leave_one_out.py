"""What is lost without each segment alone: the cheapest explanation by removal."""

from keepfaith.coalitions.indices import leave_one_out_values
from keepfaith.plugins.segment_method import SegmentMethod

METHOD = SegmentMethod(
    label="leave one out",
    citation="Li, Monroe, Jurafsky 2016, arXiv:1612.08220",
    scores=leave_one_out_values,
)
