"""Settings of the analysis: numbers of draws, seed, confidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keepfaith.config.draws import least_simulations
from keepfaith.config.probabilities import SUM, ProbabilityUnit


@dataclass(frozen=True)
class Analysis:
    """Settings of every number in METRICS.

    Attributes:
        bins: equal-width confidence bins.
        null_repetitions: simulated label sets for null bands, and at least this many for calibration intervals.
        confidence: coverage of every interval.
        repetitions: bootstrap resamples and permutations.
        seed: of all draws; equal seeds give equal tables.
        probabilities: unit of the log-likelihoods that judged probabilities come from.
    """

    bins: int = 10
    null_repetitions: int = 1000
    confidence: float = 0.95
    repetitions: int = 2000
    seed: int = 0
    probabilities: ProbabilityUnit = SUM

    def simulations(self, levels: int) -> int:
        """Simulated label sets for the test of calibration errors at this many levels, including the dense one."""
        return max(self.null_repetitions, least_simulations(max(levels - 1, 1), self.confidence))

    @staticmethod
    def of(calibration: Mapping[str, Any], statistics: Mapping[str, Any]) -> "Analysis":
        """From the two sections of a study."""
        return Analysis(
            bins=calibration["bins"],
            null_repetitions=calibration["null_repetitions"],
            confidence=statistics["confidence"],
            repetitions=statistics["repetitions"],
            seed=statistics["seed"],
            probabilities=calibration["probabilities"],
        )
