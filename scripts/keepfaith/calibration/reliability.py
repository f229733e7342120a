"""Table of the reliability diagram: confidence and accuracy per confidence bin and level."""

import numpy as np
import polars as pl

from keepfaith.artifacts.schemas import RELIABILITY
from keepfaith.artifacts.tables import conform
from keepfaith.calibration.bins import bin_sums, equal_width, width_edges
from keepfaith.calibration.draws import once
from keepfaith.calibration.probabilities import predicted
from keepfaith.config.probabilities import SUM, ProbabilityUnit


def reliability(
    predictions: pl.DataFrame,
    examples: pl.DataFrame,
    bins: int = 10,
    unit: ProbabilityUnit = SUM,
) -> pl.DataFrame:
    """RELIABILITY of the evaluation subset: equal-width bins, 0 the least confident, the same as ECE's.

    Args:
        predictions: PREDICTIONS.
        examples: EXAMPLES.
        bins: number of bins on [0, 1].
        unit: of the log-likelihoods that the probabilities come from.

    Raises:
        ValueError: as `probabilities.predicted`.
    """
    edges = width_edges(bins)
    frames = []
    for level, sample in predicted(predictions, examples, unit=unit).levels.items():
        draws = once(sample, bins)
        count, confidence, correct = (
            sums[0] for sums in bin_sums(draws, equal_width(sample.confidence, bins))
        )
        size = np.where(count > 0, count, np.nan)
        frames.append(
            pl.DataFrame(
                {
                    "level": np.full(bins, level),
                    "bin": np.arange(bins),
                    "lower": edges[:-1],
                    "upper": edges[1:],
                    "count": count,
                    "confidence": confidence / size,
                    "accuracy": correct / size,
                }
            ).with_columns(pl.col("confidence", "accuracy").fill_nan(None))
        )
    return conform(pl.concat(frames), RELIABILITY)
