"""Mean confidence: shown beside accuracy, which that of a calibrated model equals; judged nowhere by itself."""

from keepfaith.plugins.quantity import Quantity

QUANTITY = Quantity(
    label="mean confidence",
    axis="mean confidence\n(probability)",
    metric="mean_confidence",
    better="neither",
    position=20,
)
