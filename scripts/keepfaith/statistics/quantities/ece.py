"""Expected calibration error, beside the range of a calibrated model.

No floor of independent texts: its interval simulates labels for these texts, and does not resample them.
"""

from keepfaith.plugins.quantity import Quantity, Range

QUANTITY = Quantity(
    label="ECE",
    axis="ECE (probability)",
    metric="ece",
    better="lower",
    position=30,
    beside=Range("ECE of a calibrated model", "reference_low", "reference_high"),
    margin=0.02,
    tolerates="Tolerated rise of the expected calibration error.",
    concern="calibration",
    by_signs=False,
    biased=True,
)
