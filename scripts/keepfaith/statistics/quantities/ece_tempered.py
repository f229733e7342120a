"""ECE after each level's own temperature: the miscalibration that no temperature repairs; shown, not judged.

ECE of summed log-likelihoods follows the accuracy arithmetically, so tests of misalignment have this one beside it.
"""

from keepfaith.plugins.quantity import Quantity, Range

QUANTITY = Quantity(
    label="ECE with own temperature",
    axis="ECE with own\ntemperature (probability)",
    metric="ece_tempered",
    better="lower",
    position=52,
    beside=Range("The same of a calibrated model", "reference_low", "reference_high"),
    by_signs=False,
    margin_as="ece",
)
