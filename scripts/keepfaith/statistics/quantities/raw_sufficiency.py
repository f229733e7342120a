"""Loss of the target's probability while the top segments alone are kept, the study's raw quantity.

Shown as `raw_comprehensiveness` is, and never judged.
"""

from keepfaith.plugins.quantity import Quantity, Range

QUANTITY = Quantity(
    label="raw sufficiency",
    axis="raw sufficiency\n(drop of probability)",
    metric="raw_sufficiency",
    better="lower",
    position=57,
    beside=Range("By chance", "reference_low", "reference_high"),
    explained=True,
    protocol="coalitions",
)
