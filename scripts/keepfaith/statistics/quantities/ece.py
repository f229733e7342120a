"""Expected calibration error, beside the range of a calibrated model.

No floor of independent texts: its interval simulates labels for these texts, and does not resample them.

The spread of the plan is 4.0 / 2.80 sqrt(2 (1 - rho) v), with v the mean of c (1 - c) over confidences c, and rho the
correlation of (correct - confidence) of the two levels: for ECE 4.0 replaces 2.80 = z_.975 + z_.80, which holds for
means, since its interval is that of a debiased estimate: with 2.80 the formula gave .062 and .024 where .090 and .034
were simulated at 300 and 2,000 examples. (In another world with .087 and .026 the width of the interval, which counts
after a run, gave .087 and .030.) v = .15 and rho = .6 lie between the levels of the built-in tasks and of SmolLM2-135M
on arc_easy at which about 10 % of the answers change (v .11 to .18, rho .48 to .77).
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
    spread=4.0 / 2.80 * sqrt(2 * (1 - 0.6) * 0.15),
    biased=True,
)
