"""Token log-probabilities at the positions of targets; logits are computed nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.batches import Batch
from keepfaith.scoring.pool import ScoringError


@contextmanager
def _head_reads(
    model: PrunableModel, rows: torch.Tensor, columns: torch.Tensor, size: int
) -> Iterator[None]:
    """Inside, the language-model head sees only hidden states [groups, N, hidden] at (rows, columns).

    What the architecture does to its logits (scaling, soft caps) works on single logits and is not affected.
    """
    head: nn.Module | None = model.model.get_output_embeddings()  # type: ignore[no-untyped-call]
    if head is None:
        raise ScoringError(f"{type(model.model).__name__} has no language-model head to read from")

    def gather(_: nn.Module, args: tuple[Any, ...]) -> tuple[torch.Tensor]:
        hidden: torch.Tensor = args[0]  # [groups * B, T, hidden]
        groups = hidden.view(-1, size, *hidden.shape[1:])  # [groups, B, T, hidden]
        return (groups[:, rows.to(hidden.device), columns.to(hidden.device)],)

    handle = head.register_forward_pre_hook(gather)
    try:
        yield
    finally:
        handle.remove()


def token_log_probabilities(
    model: PrunableModel, batch: Batch, embeddings: torch.Tensor | None = None
) -> torch.Tensor:
    """Log-probability of every target of `batch`.

    Args:
        model: at a level, or inside `sweeping`.
        batch: the tokens to feed and the targets to read.
        embeddings: [B, T, hidden] to feed instead of those of the token ids.

    Returns:
        [G, N] in nats, in float32 at least; G is the number of levels in a sweep, otherwise 1.
    """
    arguments = dict(batch.arguments)
    size = arguments["input_ids"].shape[0]
    if embeddings is not None:
        del arguments["input_ids"]
        arguments["inputs_embeds"] = embeddings
    with _head_reads(model, batch.rows, batch.columns, size):
        # [G, N, vocabulary]
        logits: torch.Tensor = model.model(**arguments, use_cache=False).logits
    if logits.dtype in (torch.bfloat16, torch.float16):
        logits = logits.float()
    targets = batch.targets.expand(logits.shape[0], -1)[..., None]  # [G, N, 1]
    chosen = logits.gather(-1, targets).squeeze(-1)  # [G, N]
    return chosen - logits.logsumexp(-1)
