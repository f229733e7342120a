"""Batches of rows under a token budget that shrinks when memory runs out."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from keepfaith.scoring.layout import Row, block_mask
from keepfaith.scoring.pool import ScoringError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True)
class Batch:
    """Rows as tensors, padded on the right.

    Padding stands behind all that is read, so a causal model needs no mask against it. Only packed rows
    carry a mask and position numbers.

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
    if any(row.packed for row in rows):
        arguments["position_ids"] = padded("positions", 0)
        arguments["attention_mask"] = block_mask(
            padded("branches", -1), padded("blocks", -1), dtype
        )

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


class TokenBudget:
    """Splits rows into batches of at most `tokens` padded tokens and runs them.

    Attributes:
        tokens: the budget now; it is halved whenever memory runs out, and stays so.
    """

    def __init__(self, tokens: int) -> None:
        if tokens < 1:
            raise ValueError(f"the token budget is {tokens}, it must be at least 1")
        self.tokens = tokens

    def run(
        self, rows: Sequence[Row], work: Callable[[Sequence[Row]], Result]
    ) -> Iterator[tuple[Sequence[Row], Result]]:
        """Call `work` on batches of `rows`, longest rows first; finished batches are never repeated.

        Raises:
            ScoringError: a single row does not fit into memory.
        """
        pending = sorted(rows, key=lambda row: (row.packed, len(row)), reverse=True)
        start = 0
        while start < len(pending):
            batch = self._take(pending, start)
            try:
                result = work(batch)
            except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
                if not _is_out_of_memory(error):
                    raise
                self._shrink(batch)
                continue
            start += len(batch)
            yield batch, result

    def _take(self, pending: Sequence[Row], start: int) -> Sequence[Row]:
        """At least one row; no packed row beside one that needs no mask."""
        end, length = start, 0
        while end < len(pending) and pending[end].packed == pending[start].packed:
            length = max(length, len(pending[end]))
            if end > start and (end + 1 - start) * length > self.tokens:
                break
            end += 1
        return pending[start:end]

    def _shrink(self, batch: Sequence[Row]) -> None:
        size = len(batch) * max(len(row) for row in batch)
        if len(batch) == 1:
            raise ScoringError(
                f"out of memory on a single row of {size} tokens; use a larger machine, a smaller dtype "
                "or fewer levels at once"
            )
        self.tokens = max(1, min(self.tokens, size) // 2)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        logger.warning(
            "out of memory on a batch of %d tokens; the budget is now %d", size, self.tokens
        )


def _is_out_of_memory(error: BaseException) -> bool:
    """CUDA has its own exception; the CPU's allocator raises a RuntimeError that only its text tells apart."""
    known = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return known or "can't allocate memory" in str(error)
