"""Brier score, which a collapse of the model cannot improve.

One example loses 2 at most: from all probability on the label (0) to all of it on another choice.
"""

from keepfaith.plugins.quantity import Quantity

QUANTITY = Quantity(
    label="Brier score",
    axis="Brier score\n(squared probability)",
    metric="brier",
    better="lower",
    position=40,
    margin=0.02,
    tolerates="Tolerated rise of the Brier score.",
    concern="calibration",
    largest=2.0,
)
