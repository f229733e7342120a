"""Accuracy, with guessing as its floor."""

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
