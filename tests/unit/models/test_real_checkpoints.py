"""Removal on pre-trained weights: the built-in model, and small checkpoints where they are at hand."""

from pathlib import Path

import pytest
import torch
from test_removal import TOLERANCE, by_tokens

from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.loading import load_model
from keepfaith.models.removal import PrunableModel

SHARED = Path(__file__).resolve().parents[4] / "shared" / "models"
FOLDERS = [CHECKPOINT, SHARED / "stories260K", SHARED / "babyllama105"]


@torch.inference_mode()
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_level_equals_zeroed_attention(folder: Path) -> None:
    if not folder.is_dir():
        pytest.skip(f"{folder.name} is not at hand: no folder shared/models beside the project")
    prunable = PrunableModel(load_model(folder, device="cpu"))
    oracle = load_model(folder, device="cpu")
    tokens = torch.randint(3, 100, (2, 24), generator=torch.Generator().manual_seed(0))
    order = range(prunable.layers)  # layer 0 goes first: the hardest case for a cache
    for level in range(prunable.layers + 1):
        if level:
            oracle.model.layers[order[level - 1]].self_attn.o_proj.weight.zero_()
        expected = oracle(tokens, use_cache=False).logits
        with prunable.at_level(order, level) as model:
            uncached = model(tokens, use_cache=False).logits
            cached = by_tokens(model, tokens, 8)
        torch.testing.assert_close(uncached, expected, **TOLERANCE)
        torch.testing.assert_close(cached, expected, **TOLERANCE)
