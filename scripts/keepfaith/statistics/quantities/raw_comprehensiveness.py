"""Loss of the target's probability while segments are removed, the study's raw quantity; it follows confidence.

Shown beside faithfulness on the same table, so that what a flat model changes of it can be seen, and never judged.
"""

from keepfaith.plugins.quantity import Quantity

QUANTITY = Quantity(
    label="raw comprehensiveness",
    axis="raw comprehensiveness\n(drop of probability)",
    metric="raw_comprehensiveness",
    better="higher",
    position=56,
    explained=True,
    protocol="coalitions",
)
