"""The registry of criteria."""

from collections.abc import Callable, Sequence

import torch

from keepfaith.models.removal import PrunableModel

Criterion = Callable[[PrunableModel, Sequence[torch.Tensor]], list[tuple[int, float]]]
CRITERIA: dict[str, Criterion] = {}


def register(name: str) -> Callable[[Criterion], Criterion]:
    """Register a criterion under `name`.

    A criterion takes the dense model and calibration batches (token ids [B, T], unpadded) and returns
    (layer, score) for every layer, the one to be dropped first in front.
    """

    def add(criterion: Criterion) -> Criterion:
        if name in CRITERIA:
            raise ValueError(f"criterion {name} is registered twice")
        CRITERIA[name] = criterion
        return criterion

    return add
