"""Arithmetic against measurements, for many architectures: the cache of `generate`, PyTorch's own counter."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForCausalLM
from zoo import COMMON, FAMILIES, LAYERS, VOCABULARY, from_settings, tiny_model

from keepfaith.efficiency.arithmetic import (
    cache_bytes_per_token,
    decode_bytes,
    prefill_operations,
    weight_bytes_on_disk,
)
from keepfaith.efficiency.level import _cache_of_generate
from keepfaith.models.components import Component, sublayers_of
from keepfaith.models.removal import PrunableModel

PROMPT, NEW = 24, 4
LEVELS = [[], [Component(0)], [Component(0), Component(2)]]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_cache_of_generate(family):
    """Windows (16 tokens) are exceeded by prompt and new tokens together."""
    tokens = torch.randint(VOCABULARY, (1, PROMPT), generator=torch.Generator().manual_seed(0))
    for dropped in LEVELS:
        model = PrunableModel(tiny_model(family))
        with model.dropping(dropped), torch.inference_mode():
            measured, cached = _cache_of_generate(model.model, tokens, NEW)
        assert cached == PROMPT + NEW - 1
        expected = cache_bytes_per_token(model.model, sublayers_of(dropped), cached)
        assert measured == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_operations_as_pytorch_counts_them(family):
    """It also counts attention to later tokens, and does not support fused attention on a CPU."""
    config = tiny_model(family).config
    model = AutoModelForCausalLM.from_config(
        config, attn_implementation="eager", experts_implementation="eager"
    ).eval()
    tokens = torch.randint(VOCABULARY, (1, PROMPT), generator=torch.Generator().manual_seed(0))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(tokens, use_cache=False, logits_to_keep=1)
    width = 32  # of all heads together
    later = 4 * width * LAYERS * PROMPT * (PROMPT - 1) / 2
    expected = prefill_operations(model, frozenset(), PROMPT)
    assert counter.get_total_flops() - later == pytest.approx(expected, rel=1e-12)


def test_a_dropped_layer_saves_its_matrices_its_pairs_and_its_cache():
    """Of a llama: 32 wide, 4 heads of 8, 2 of them for keys and values, by hand."""
    gone = sublayers_of([Component(1)])
    dense = tiny_model("llama")
    pruned = tiny_model("llama")
    del pruned.model.layers[1].self_attn
    matrices = 32 * 32 + 2 * 16 * 32 + 32 * 32
    saved = prefill_operations(dense, frozenset(), 10) - prefill_operations(pruned, gone, 10)
    assert saved == 2 * matrices * 10 + 4 * 32 * 55
    saved = decode_bytes(dense, frozenset(), 10) - decode_bytes(pruned, gone, 10)
    # Its cache: 2 x 16 numbers per token, of which 2 stay.
    assert saved == 4 * (matrices + (2 * 16 - 2) * 10)


def test_a_token_meets_only_its_experts():
    model = tiny_model("mixtral")
    experts = sum(p.numel() for name, p in model.named_parameters() if ".experts." in name)
    every = sum(p.numel() for name, p in model.named_parameters() if "embed_tokens" not in name)
    cache = cache_bytes_per_token(model, frozenset(), 8) * 8
    assert decode_bytes(model, frozenset(), 8) == 4 * (every - experts / 2) + cache


def test_bytes_on_disk_whatever_the_files_call_the_tensors(tmp_path):
    """GPT-2 of the hub has no prefix, Mixtral other names for experts, and some repositories hold a second copy."""
    for family, kind, prefix in (
        ("gpt2", "attention", "transformer."),
        ("mixtral", "mlp", "no prefix"),
    ):
        folder = tmp_path / family
        model = tiny_model(family)
        model.save_pretrained(folder)
        stored = load_file(folder / "model.safetensors")
        renamed = {name.removeprefix(prefix): value for name, value in stored.items()}
        save_file(renamed, folder / "model.safetensors", metadata={"format": "pt"})
        save_file(renamed, folder / "consolidated.safetensors")
        gone = sublayers_of([Component(1, kind)])
        module = PrunableModel(model).sites[1].modules[kind]
        dropped = sum(4 * weight.numel() for weight in module.parameters())
        size = sum(4 * value.numel() for value in stored.values())
        assert weight_bytes_on_disk(str(folder), frozenset()) == size
        assert weight_bytes_on_disk(str(folder), gone) == size - dropped


def test_latent_attention():
    """DeepSeek caches the latent vector of keys and values, and its heads are wider for scores than for values."""
    settings = {
        "num_key_value_heads": 4, "n_routed_experts": 4, "first_k_dense_replace": 4, "kv_lora_rank": 8,
        "q_lora_rank": None, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 6,
    }  # fmt: skip
    model = from_settings("deepseek_v2", COMMON | settings)
    tokens = torch.randint(VOCABULARY, (1, PROMPT), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        measured, cached = _cache_of_generate(model, tokens, NEW)
    assert measured == cache_bytes_per_token(model, frozenset(), cached) == 4 * LAYERS * (8 + 4)
    model.set_attn_implementation("eager")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(tokens, use_cache=False, logits_to_keep=1)
    later = 2 * 4 * (8 + 4 + 6) * LAYERS * PROMPT * (PROMPT - 1) / 2
    expected = prefill_operations(model, frozenset(), PROMPT)
    assert counter.get_total_flops() - later == pytest.approx(expected, rel=1e-12)
