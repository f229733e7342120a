"""Folders in the format of Nemotron-NAS models: read back by keepfaith, and by MLX without keepfaith."""

import json

import numpy as np
import pytest
import torch
from small_models import byte_level_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.components import Component
from keepfaith.models.export import export
from keepfaith.models.formats.nemotron_nas import FORMAT, width
from keepfaith.models.loading import load_model
from keepfaith.models.removal import PrunableModel
from keepfaith.plugins.export_format import UnsuitableModelError

DROPPED = [Component(2), Component(1, "mlp"), Component(3, "block")]
TOKENS = torch.arange(3, 35).view(2, 16)


def llama(folder, **changes):
    """A Llama with grouped heads and an MLP of 512, saved with a tokenizer."""
    torch.manual_seed(0)
    config = LlamaConfig(
        **{
            "vocab_size": 400,
            "hidden_size": 64,
            "intermediate_size": 512,
            "num_hidden_layers": 5,
            "num_attention_heads": 8,
            "num_key_value_heads": 2,
            "max_position_embeddings": 128,
            "initializer_range": 0.2,
            "rope_parameters": {"rope_type": "default", "rope_theta": 5000.0},
        }
        | changes
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    byte_level_tokenizer().save_pretrained(folder)
    return folder


@torch.inference_mode()
def pruned_logits(folder, dropped):
    model = PrunableModel(load_model(folder, device="cpu"))
    with model.dropping(dropped):
        return model.model(TOKENS, use_cache=False).logits


@pytest.fixture(params=["untied", "tied", "built-in"])
def exported(request, tmp_path):
    """The dense folder and its export."""
    if request.param == "built-in":
        dense = CHECKPOINT
    else:
        dense = llama(tmp_path / "dense", tie_word_embeddings=request.param == "tied")
    export(dense, DROPPED, tmp_path / "nas", "nemotron_nas", card="# A card\n")
    return dense, tmp_path / "nas"


@torch.inference_mode()
def test_the_folder_gives_the_pruned_logits_and_holds_no_dropped_weight(exported):
    dense, folder = exported
    expected = pruned_logits(dense, DROPPED)
    found = FORMAT.load(folder, "float32")(TOKENS, use_cache=False).logits
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6 * float(expected.abs().max()))
    content = json.loads((folder / "config.json").read_text())
    assert content["block_configs"][2]["attention"] == {
        "no_op": True,
        "replace_with_linear": False,
        "n_heads_in_group": None,
    }
    assert content["block_configs"][3]["ffn"]["no_op"]
    names = (folder / "model.safetensors").read_bytes().split(b"}}", 1)[0].decode(errors="ignore")
    for gone in ("2.self_attn", "2.input_layernorm", "1.mlp", "1.post_attention", "3."):
        assert f"model.layers.{gone}" not in names
    assert "model.layers.2.mlp" in names


def test_mlx_reads_the_same_logits(exported):
    core = pytest.importorskip("mlx.core", reason="MLX is not installed")
    utils = pytest.importorskip("mlx_lm.utils", reason="mlx-lm is not installed")
    dense, folder = exported
    model, _ = utils.load_model(folder)
    found = np.array(model(core.array(TOKENS.numpy())))
    expected = pruned_logits(dense, DROPPED).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("changes", "dropped", "why"),
    [
        ({"intermediate_size": 500}, DROPPED, "MLPs of width 500, which is no multiple of 256"),
        ({"head_dim": 4}, DROPPED, "heads that do not add up"),
        ({}, [Component(0)], "loses the attention of layer 0"),
        ({}, [Component(layer, "mlp") for layer in range(5)], "loses every MLP"),
    ],
)
def test_what_the_format_cannot_hold_is_refused(changes, dropped, why, tmp_path):
    folder = llama(tmp_path / "dense", **changes)
    with pytest.raises(UnsuitableModelError, match=why):
        export(folder, dropped, tmp_path / "nas", "nemotron_nas")
    assert not (tmp_path / "nas").exists()


def test_other_architectures_are_refused(tmp_path):
    from zoo import tiny_model

    tiny_model("gpt_neox").save_pretrained(tmp_path / "dense")
    byte_level_tokenizer().save_pretrained(tmp_path / "dense")
    with pytest.raises(UnsuitableModelError, match="is a gpt_neox"):
        export(tmp_path / "dense", [Component(1)], tmp_path / "nas", "nemotron_nas")


@pytest.mark.parametrize(("hidden", "inner"), [(4096, 11008), (4096, 14336), (96, 256), (64, 512)])
def test_widths_of_known_models_come_out(hidden, inner):
    assert width(round(3 * inner / (2 * hidden), 6), hidden) == inner
