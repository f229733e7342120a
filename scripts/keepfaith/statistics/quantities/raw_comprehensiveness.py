"""Loss of the target's probability while segments are removed, the study's raw quantity.

It follows chance, the mean over all orders of the segments, which differs by level (docs/findings.md): shown with that
beside it, and beside faithfulness on the same table; never judged.
"""

from keepfaith.plugins.quantity import Quantity, Range

QUANTITY = Quantity(
    label="raw comprehensiveness",
    axis="raw comprehensiveness\n(drop of probability)",
    metric="raw_comprehensiveness",
    better="higher",
    position=56,
    beside=Range("By chance", "reference_low", "reference_high"),
    explained=True,
    protocol="coalitions",
)
