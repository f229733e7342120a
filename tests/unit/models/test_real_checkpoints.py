"""Removal on pre-trained weights: the built-in model, and small checkpoints if available."""

from pathlib import Path

import pytest
import torch
from fresh_process import LOADING, logits_in_a_fresh_process
from test_removal import TOLERANCE, by_tokens

from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.components import Component
from keepfaith.models.export import export
from keepfaith.models.loading import load_model
from keepfaith.models.removal import PrunableModel

SHARED = Path(__file__).resolve().parents[4] / "shared" / "models"
FOLDERS = [CHECKPOINT, SHARED / "stories260K", SHARED / "babyllama105"]


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    if not path.is_dir():
        pytest.skip(f"{path.name} is not at hand: no folder shared/models beside the project")
    return path


@torch.inference_mode()
def test_every_level_equals_zeroed_attention(folder: Path) -> None:
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


@torch.inference_mode()
@pytest.mark.parametrize("format", LOADING)
def test_exports_give_the_pruned_logits_in_a_fresh_process(
    folder: Path, format: str, tmp_path: Path
) -> None:
    """Half of the attention layers are dropped; the slim folder is smaller by their weights."""
    prunable = PrunableModel(load_model(folder, device="cpu"))
    dropped = [Component(layer) for layer in range(0, prunable.layers, 2)]
    export(folder, dropped, tmp_path / format, format)
    tokens = torch.randint(3, 100, (2, 24), generator=torch.Generator().manual_seed(1))
    found = logits_in_a_fresh_process(tmp_path / format, format, tokens)
    with prunable.dropping(dropped) as model:
        expected = model(tokens).logits
    allowed = 1e-6 * float(expected.abs().max())
    torch.testing.assert_close(found, expected, rtol=0, atol=allowed)
    weights = sum(p.numel() * p.element_size() for p in prunable.model.parameters())
    if format == "slim":
        weights -= sum(
            p.numel() * p.element_size()
            for sublayer in prunable.removable(dropped)
            for p in prunable.toggles[sublayer].module.parameters()
        )
    (file,) = (tmp_path / format).glob("*.safetensors")
    assert weights <= file.stat().st_size < weights + 20_000
