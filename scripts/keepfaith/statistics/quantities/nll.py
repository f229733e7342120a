"""Negative log-likelihood of the label: shown, not judged, as a single confident error can dominate its mean."""

from keepfaith.plugins.quantity import Quantity

QUANTITY = Quantity(
    label="NLL",
    axis="NLL (nats)",
    metric="nll",
    better="lower",
    position=50,
    heading="NLL (nats)",
)
