"""Probabilities of an example's choices and the predicted choice, from PREDICTIONS.

Log-likelihoods are summed over the tokens of a choice, in nats, and finite: the scorer and every table refuse NaN and
infinity. An array may be padded with -inf for examples with fewer choices.
"""

import numpy as np
import numpy.typing as npt
import polars as pl


def log_softmax(log_likelihoods: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Log-probabilities [..., options] of choices from their log-likelihoods [..., options]."""
    shifted = log_likelihoods - log_likelihoods.max(axis=-1, keepdims=True)
    found: npt.NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return found


def softmax(log_likelihoods: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Probabilities [..., options] of choices from their log-likelihoods [..., options].

    Examples:
        >>> softmax(np.log([[1.0, 3.0]])).round(2).tolist()
        [[0.25, 0.75]]
    """
    found: npt.NDArray[np.float64] = np.exp(log_softmax(log_likelihoods))
    return found


def predicted_option(log_likelihoods: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """[...], the most likely choice by log-likelihoods [..., options]; ties go to the lowest index.

    It is taken from the log-likelihoods, as softmax may round two of them to a tie.
    """
    found: npt.NDArray[np.int64] = np.asarray(log_likelihoods.argmax(axis=-1))
    return found


def predicted_options(predictions: pl.DataFrame) -> pl.DataFrame:
    """The most likely choice of every level and example; ties go to the lowest index.

    Args:
        predictions: PREDICTIONS.

    Returns:
        level, example_id, target.
    """
    return (
        predictions.sort("log_likelihood", "option", descending=[True, False])
        .group_by("level", "example_id", maintain_order=True)
        .agg(target=pl.col("option").first())
        .sort("level", "example_id")
    )
