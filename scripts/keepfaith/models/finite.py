"""Check that a model's outputs are finite, before they reach a table."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


class NotFiniteError(Exception):
    """A model's outputs contain NaN or infinity: one sentence, with what to do about it."""


def check_finite(values: NDArray[np.floating[Any]], what: str, dtype: torch.dtype) -> None:
    """Refuse `values` that contain NaN or infinity.

    Args:
        values: outputs of a model.
        what: their name in the plural, for the message.
        dtype: the model's.

    Raises:
        NotFiniteError: see above.
    """
    if not np.isfinite(values).all():
        raise NotFiniteError(
            f"{what} of the model contain NaN or infinity; its weights are damaged, or its numbers do not fit into "
            f"{str(dtype).removeprefix('torch.')}: fetch it again, or type scoring.dtype: float32"
        )
