"""Rank correlation of the segment scores of a level and of the dense level, where both predict the same: 1 is no drift.

Shown, never judged: another explanation is not a worse one.
"""

from keepfaith.plugins.quantity import Quantity

QUANTITY = Quantity(
    label="correlation with dense",
    axis="correlation with dense\n(Spearman, of segments)",
    metric="drift_correlation",
    better="higher",
    position=58,
    explained=True,
    protocol="coalitions",
)
