"""Faithfulness on the table of coalitions, per attribution method: 1 is the best order there is, 0 is chance.

The floor of texts takes 2 for the largest loss of one example, from the best order there is to as far below chance. It
has no bound in principle, since what lies between chance and the best order may be next to nothing: of 2,376 losses of
the built-in tasks' explanations 11 exceeded 1, and 3 exceeded 2 (at most 2.5).

The spread of the plan is an assumption, unless a pilot run has measured it: in the built-in tasks most levels and
methods have .05 to .35.
"""

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
    largest=2.0,
    spread=0.2,
)
