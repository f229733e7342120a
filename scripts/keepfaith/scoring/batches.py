"""Batches: rows as padded tensors."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from keepfaith.scoring.layout import Row, ancestor_mask


@dataclass(frozen=True)
class Batch:
    """Rows as tensors, padded on the right.

    Padding stands after all that is read, so a causal model needs no mask against it. Only rows that branch carry a
    mask, and only these and rows that leave positions out carry position numbers.

    Attributes:
        arguments: what the model is called with; `input_ids` is [B, T].
        rows, columns: [N] where a logit vector is read.
        targets: [N] the token whose log-probability is taken there.
        slots: [N] the pool's slot it adds to.
    """

    arguments: dict[str, torch.Tensor]
    rows: torch.Tensor
    columns: torch.Tensor
    targets: torch.Tensor
    slots: torch.Tensor


def collate(rows: Sequence[Row], device: torch.device, dtype: torch.dtype) -> Batch:
    """Pad `rows` to their longest and gather where they are read."""
    length = max(len(row) for row in rows)

    def padded(name: str, value: int) -> torch.Tensor:
        lists = [getattr(row, name) + [value] * (length - len(row)) for row in rows]
        return torch.tensor(lists, device=device)

    arguments = {"input_ids": padded("tokens", 0)}
    branched = any(row.branched for row in rows)
    if branched or any(row.gaps for row in rows):
        arguments["position_ids"] = padded("positions", 0)
    if branched:
        arguments["attention_mask"] = ancestor_mask(padded("ends", length), dtype)

    def read(name: str) -> torch.Tensor:
        return torch.tensor([value for row in rows for value in getattr(row, name)], device=device)

    owners = [number for number, row in enumerate(rows) for _ in row.columns]
    return Batch(
        arguments,
        torch.tensor(owners, device=device),
        read("columns"),
        read("targets"),
        read("slots"),
    )
