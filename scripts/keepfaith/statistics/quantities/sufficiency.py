"""Sufficiency as the study aggregates it, per attribution method, with the controls as its floor.

One example loses 1 at most where the dense model's top tokens do not raise the probability: all of it.

The spread of the plan is an assumption, unless a pilot run has measured it: the levels and methods of the
built-in tasks have .01 to .25.
"""

from keepfaith.plugins.quantity import Quantity, Range

QUANTITY = Quantity(
    label="sufficiency",
    axis="sufficiency\n(drop of probability)",
    metric="sufficiency_study",
    better="lower",
    position=70,
    beside=Range("Seed band", "seed_low", "seed_high"),
    explained=True,
    margin=0.05,
    tolerates="Tolerated rise of sufficiency; judged only if stated, or without segments.",
    concern="faithfulness",
    above_chance=True,
    protocol="study",
    largest=1.0,
    spread=0.2,
)
