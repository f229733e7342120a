"""Value of an input for a target option: its margin or its probability, from the options' log-likelihoods."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float64]


def margins(log_likelihoods: _Array, target: int) -> _Array:
    """Log-likelihood of the target less the best other option's, in nats.

    Dividing all log-likelihoods by a temperature divides the margin by it, for any number of options: what is
    normalised by the margin's own range does not see how flat a model's probabilities are.

    Args:
        log_likelihoods: [..., options], two options or more.
        target: index of an option.

    Returns:
        [...]; at least 0 where the target is predicted.

    Raises:
        ValueError: there is one option only.

    Examples:
        >>> margins(np.array([[-1.0, -3.0, -2.0], [-4.0, -1.0, -2.0]]), 0)
        array([ 1., -3.])
    """
    _require_choice(log_likelihoods)
    others = np.delete(log_likelihoods, target, axis=-1).max(axis=-1)
    found: _Array = log_likelihoods[..., target] - others
    return found


def probabilities(log_likelihoods: _Array, target: int) -> _Array:
    """Probability of the target among the options: the softmax of their log-likelihoods, as in the study.

    Args, Raises: as `margins`.

    Returns:
        [...], between 0 and 1.

    Examples:
        >>> probabilities(np.log([[0.2, 0.6]]), 1).round(12)
        array([0.75])
    """
    _require_choice(log_likelihoods)
    weights = np.exp(log_likelihoods - log_likelihoods.max(axis=-1, keepdims=True))
    found: _Array = weights[..., target] / weights.sum(axis=-1)
    return found


def _require_choice(log_likelihoods: _Array) -> None:
    if log_likelihoods.shape[-1] < 2:
        raise ValueError("an example with one option has no margin: there is nothing to choose")


Value = Literal["margin", "probability"]


def value_of(name: Value) -> Callable[[_Array, int], _Array]:
    """The value called `name`: from log-likelihoods [..., options] and a target to [...]."""
    return margins if name == "margin" else probabilities
