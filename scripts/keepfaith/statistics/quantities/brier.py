"""Brier score, which a collapse of the model cannot improve."""

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
)
