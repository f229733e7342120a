"""Accuracy, with guessing as its floor.

No floor of independent texts: the score interval of a paired difference allows for losses that no example shows
(without any, it still reaches z^2 / (n + z^2)).

The spread of the plan is the square root of the share of examples whose answer turns from right to wrong or back: 10 %
is assumed unless it is known. SmolLM2-135M on arc_easy had .10 with 5 of 30 attentions dropped; the built-in tasks have
.00 to .50.
"""

from math import sqrt

from keepfaith.plugins.quantity import Quantity, Range

QUANTITY = Quantity(
    label="accuracy",
    axis="accuracy\n(share of examples)",
    metric="accuracy",
    better="higher",
    position=10,
    beside=Range("Accuracy interval", "low", "high"),
    margin=0.02,
    tolerates="Tolerated loss of accuracy.",
    concern="accuracy",
    by_score=True,
    above_chance=True,
    spread=sqrt(0.10),
)
