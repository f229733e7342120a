"""How many tokens go into one batch: found from the machine, and halved when memory runs out."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch

from keepfaith.models.out_of_memory import is_out_of_memory
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.layout import Row
from keepfaith.scoring.pool import ScoringError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

CPU_TOKENS = 1024
"""On a processor larger batches are no faster: products are at full rate, hidden states leave its cache, and rows of
more different lengths are padded to one."""
GPU_TOKENS = (1024, 65536)
"""Fewest and most tokens on a GPU; beyond, its products are at their full rate as well."""
MEMORY_SHARE = 0.5
"""Of the free memory, as kernels and the allocator need room that no formula knows."""
READ_SHARE = 1 / 16
"""Places where logits are read, per token fed: one for an option of one token behind a short prompt."""


def automatic_budget(model: PrunableModel, levels: int) -> int:
    """Tokens per batch that fit the model's device while `levels` levels are swept; a power of two.

    The same on every run of the same model on the same kind of machine. It is a start: `TokenBudget` halves it
    where it proves too large.
    """
    if model.device.type != "cuda":
        return CPU_TOKENS
    free, _ = torch.cuda.mem_get_info(model.device)
    fitting = int(free * MEMORY_SHARE / bytes_per_token(model, levels))
    lowest, highest = GPU_TOKENS
    return max(lowest, min(highest, 1 << max(0, fitting.bit_length() - 1)))


def bytes_per_token(model: PrunableModel, levels: int) -> float:
    """Memory of one token in a sweep: hidden states of every level, one layer's work, and logits in float32."""
    config = model.model.config.get_text_config(decoder=True)
    hidden = int(config.hidden_size)
    inner = int(getattr(config, "intermediate_size", None) or 4 * hidden)
    states = (2 * levels * hidden + 6 * hidden + 3 * inner) * model.dtype.itemsize
    logits = 3 * levels * int(config.vocab_size) * 4 * READ_SHARE
    return states + logits


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
        pending = sorted(rows, key=lambda row: (*_kind(row), len(row)), reverse=True)
        start = 0
        while start < len(pending):
            batch = self._take(pending, start)
            try:
                result = work(batch)
            except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._shrink(batch)
                continue
            start += len(batch)
            yield batch, result

    def _take(self, pending: Sequence[Row], start: int) -> Sequence[Row]:
        """At least one row; all of one kind."""
        end, length = start, 0
        while end < len(pending) and _kind(pending[end]) == _kind(pending[start]):
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


def _kind(row: Row) -> tuple[bool, bool, int]:
    """Rows of one kind may share a batch."""
    return row.branched, row.gaps, row.band
