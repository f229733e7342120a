"""Reading of PREDICTIONS: the probabilities of an example's options, and the option that is predicted.

Log-likelihoods are summed over the tokens of an option, in nats, and finite: the scorer and every table refuse others.
An array may be padded with -inf where an example has fewer options than others.
"""

import numpy as np
import numpy.typing as npt
import polars as pl


def log_softmax(log_likelihoods: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Log-probabilities [..., options] of options from their log-likelihoods [..., options]."""
    shifted = log_likelihoods - log_likelihoods.max(axis=-1, keepdims=True)
    found: npt.NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return found


def softmax(log_likelihoods: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Probabilities [..., options] of options from their log-likelihoods [..., options].

    Examples:
        >>> softmax(np.log([[1.0, 3.0]])).round(2).tolist()
        [[0.25, 0.75]]
    """
    found: npt.NDArray[np.float64] = np.exp(log_softmax(log_likelihoods))
    return found


def predicted_option(log_likelihoods: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """[...], the most likely option by log-likelihoods [..., options]; ties go to the lowest index.

    It is read off the log-likelihoods themselves: softmax may round two of them to a tie.
    """
    found: npt.NDArray[np.int64] = np.asarray(log_likelihoods.argmax(axis=-1))
    return found


def predicted_options(predictions: pl.DataFrame) -> pl.DataFrame:
    """The most likely option of every level and example; ties go to the lowest index.

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
