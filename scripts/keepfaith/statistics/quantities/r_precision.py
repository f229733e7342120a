"""R-precision of the rationale, per attribution method: shown where a task marks rationales, which most do not."""

from keepfaith.plugins.quantity import Quantity

QUANTITY = Quantity(
    label="R-precision",
    axis="R-precision\n(share of tokens)",
    metric="r_precision",
    better="higher",
    position=80,
    explained=True,
)
