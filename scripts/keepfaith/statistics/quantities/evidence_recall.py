"""Recall of evidence, per attribution method: shown where a task marks the evidence, which most tasks do not."""

from keepfaith.plugins.quantity import Quantity

QUANTITY = Quantity(
    label="evidence recall",
    axis="evidence recall\n(share of tokens)",
    metric="evidence_recall",
    better="higher",
    position=80,
    explained=True,
)
