"""Mean confidence: shown beside accuracy, which it equals for a calibrated model; not judged."""

from keepfaith.plugins.quantity import Quantity

QUANTITY = Quantity(
    label="mean confidence",
    axis="mean confidence\n(probability)",
    metric="mean_confidence",
    better="neither",
    position=20,
)
