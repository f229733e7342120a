"""The settings of the analysis: how many draws, which seed, how certain."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Analysis:
    """What every number in METRICS is computed with.

    Attributes:
        bins: equal-width confidence bins.
        null_repetitions: simulated label sets for null bands and calibration intervals.
        confidence: coverage of every interval.
        repetitions: bootstrap resamples and permutations.
        seed: of all draws; equal seeds give equal tables.
    """

    bins: int = 10
    null_repetitions: int = 1000
    confidence: float = 0.95
    repetitions: int = 2000
    seed: int = 0
