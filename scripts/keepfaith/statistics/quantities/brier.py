"""Brier score, which a collapse of the model cannot improve.

One example loses 2 at most: from all probability on the label (0) to all of it on another choice.

The spread of the plan is what levels have at which about 10 % of the answers change: .29, .38 and .39 in the built-in
tasks (at 5, 16 and 16 %), .34 with SmolLM2-135M on arc_easy (at 10 %).
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
    spread=0.34,
)
