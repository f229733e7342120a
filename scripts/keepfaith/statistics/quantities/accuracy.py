"""Accuracy, with guessing as its floor.

No floor of independent texts: the score interval of a paired difference allows for losses that no example shows
(without any, it still reaches z^2 / (n + z^2)).
"""

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
    above_chance=True,
)
