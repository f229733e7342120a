"""Faithfulness on the table of coalitions, per attribution method: 1 is the best order there is, 0 is chance."""

from keepfaith.plugins.quantity import Quantity, Range

QUANTITY = Quantity(
    label="faithfulness",
    axis="faithfulness\n(chance 0, best order 1)",
    metric="segment_faithfulness",
    better="higher",
    position=55,
    beside=Range("Interval", "low", "high"),
    explained=True,
    margin=0.1,
    tolerates="Tolerated loss of faithfulness, as a share of what lies between chance and the best order.",
    concern="faithfulness",
    above_chance=True,
    protocol="coalitions",
)
