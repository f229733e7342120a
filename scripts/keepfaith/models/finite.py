"""A model whose answers are no finite numbers is refused before they reach a table."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


class NotFiniteError(Exception):
    """A model's outputs hold NaN or infinity: one sentence, with what to do about it."""


def check_finite(values: NDArray[np.floating[Any]], what: str, dtype: torch.dtype) -> None:
    """Refuse `values` that hold NaN or infinity.

    Args:
        values: what a model gave.
        what: their name, for the message.
        dtype: the model's.

    Raises:
        NotFiniteError: see above.
    """
    if not np.isfinite(values).all():
        raise NotFiniteError(
            f"{what} of the model hold what is no finite number; its weights are damaged, or its numbers do not fit "
            f"into {str(dtype).removeprefix('torch.')}: fetch it again, or type scoring.dtype: float32"
        )
