"""Expected calibration error, beside the range of a calibrated model.

No floor of independent texts: its interval simulates labels for these texts, and does not resample them.

The spread of the plan is 5.5 / 2.80 sqrt(2 (1 - rho) v), with v the mean of c (1 - c) over confidences c, and rho the
correlation of (correct - confidence) of the two levels: for ECE 5.5 replaces 2.80 = z_.975 + z_.80, which holds for
means, since its interval is the difference of two intervals of debiased estimates. In the worlds of benchmarks/truth.py
a level without harm is kept in .80 of samples at a factor of 5.5 if both levels are too sure of themselves (margins of
.130 and .049 with 300 and 2,000 examples), of 4.0 if the dense model is calibrated, of 3 to 4 with confidences near 1.
v = .15 and rho = .6 lie between the levels of the built-in tasks and of SmolLM2-135M on arc_easy at which about 10 % of
the answers change (v .11 to .18, rho .48 to .77).
"""

from math import sqrt

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
    spread=5.5 / 2.80 * sqrt(2 * (1 - 0.6) * 0.15),
    biased=True,
)
