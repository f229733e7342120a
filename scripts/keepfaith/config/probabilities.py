"""Units of the log-likelihoods that the probabilities of choices come from."""

from typing import Literal

ProbabilityUnit = Literal["sum", "token", "byte", "character"]

SUM: ProbabilityUnit = "sum"
"""Summed log-likelihoods: what the model states, and what explanations are about."""


def judged_probabilities(unit: ProbabilityUnit) -> list[str]:
    """A note for readers where the judged probabilities are not those of the sums; empty otherwise."""
    if unit == SUM:
        return []
    return [
        f"Judged are probabilities from log-likelihoods per {unit} of a choice (calibration probabilities: {unit}), in "
        "accuracy, calibration and all else that follows from predictions. Explanations are about the summed "
        "log-likelihoods, and so are published values."
    ]
