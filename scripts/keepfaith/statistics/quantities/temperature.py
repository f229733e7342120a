"""Temperature of a level, fitted on tuning examples: shown, not judged, as it is a setting and not a score."""

from keepfaith.plugins.quantity import Quantity, Range

QUANTITY = Quantity(
    label="temperature",
    axis="temperature\n(1: as it is)",
    metric="temperature",
    better="neither",
    position=51,
    beside=Range("Interval of the temperature", "low", "high"),
)
