"""R-precision of the rationale's segments, per method, exact ones included: shown where a task marks rationales."""

from keepfaith.plugins.quantity import Quantity

QUANTITY = Quantity(
    label="R-precision of segments",
    axis="R-precision\n(share of segments)",
    metric="segment_r_precision",
    better="higher",
    position=81,
    explained=True,
    protocol="coalitions",
)
