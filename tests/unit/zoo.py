"""Tiny random models of many architectures, for tests that must hold for all of them."""

from collections.abc import Iterable

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from keepfaith.models.components import Step, sublayers_of

VOCABULARY = 97
LAYERS = 4

COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_GEMMA = {**COMMON, "head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 16}
_OLD = {
    "vocab_size": VOCABULARY,
    "n_embd": 32,
    "n_layer": LAYERS,
    "n_head": 4,
    "n_positions": 128,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}

FAMILIES: dict[str, tuple[str, dict[str, object]]] = {
    "llama": ("llama", COMMON),
    "mistral": ("mistral", {**COMMON, "sliding_window": None}),
    "mistral_window": ("mistral", {**COMMON, "sliding_window": 16}),
    "qwen2": ("qwen2", COMMON),
    "qwen3": ("qwen3", {**COMMON, "head_dim": 8}),
    "gemma": ("gemma", {**COMMON, "head_dim": 8}),
    "gemma2": ("gemma2", _GEMMA),
    "gemma3": ("gemma3_text", _GEMMA),
    "olmo2": ("olmo2", COMMON),
    "exaone4": ("exaone4", {**COMMON, "sliding_window": 16, "sliding_window_pattern": 2}),
    "hyperclovax": ("hyperclovax", {**COMMON, "residual_multiplier": 0.5}),
    "phi": ("phi", {**COMMON, "num_key_value_heads": 4}),
    "phi3": ("phi3", COMMON),
    "granite": ("granite", {**COMMON, "residual_multiplier": 0.3, "logits_scaling": 2.0}),
    "cohere": ("cohere", {**COMMON, "logit_scale": 0.5}),
    "cohere2": (
        "cohere2",
        {**COMMON, "head_dim": 8, "sliding_window": 16, "sliding_window_pattern": 2},
    ),
    "smollm3": ("smollm3", {**COMMON, "no_rope_layer_interval": 2}),
    "qwen3_moe": (
        "qwen3_moe",
        {
            **COMMON,
            "head_dim": 8,
            "num_experts": 4,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 24,
        },
    ),
    "gpt_oss": (
        "gpt_oss",
        {**COMMON, "head_dim": 8, "num_local_experts": 4, "sliding_window": 16},
    ),
    "stablelm": ("stablelm", COMMON),
    "starcoder2": ("starcoder2", COMMON),
    "mixtral": ("mixtral", {**COMMON, "num_local_experts": 4}),
    "gpt_neox": ("gpt_neox", {**COMMON, "num_key_value_heads": 4}),
    "gpt2": ("gpt2", _OLD),
    "gptj": ("gptj", {**_OLD, "rotary_dim": 4}),
    "codegen": ("codegen", {**_OLD, "rotary_dim": 4}),
    "bloom": ("bloom", {**_OLD, "hidden_size": 32}),
    "bloom_post": (
        "bloom",
        {**_OLD, "hidden_size": 32, "apply_residual_connection_post_layernorm": True},
    ),
    "opt": (
        "opt",
        {**COMMON, "num_key_value_heads": 4, "ffn_dim": 48, "word_embed_proj_dim": 32},
    ),
    "falcon": ("falcon", {**COMMON, "num_kv_heads": 2, "new_decoder_architecture": True}),
    "falcon_alibi": ("falcon", {**COMMON, "alibi": True, "multi_query": True}),
    "mpt": (
        "mpt",
        {
            "vocab_size": VOCABULARY,
            "d_model": 32,
            "n_heads": 4,
            "n_layers": LAYERS,
            "max_seq_len": 128,
        },
    ),
}


def tiny_model(name: str, seed: int = 0, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """A random model of a type in `FAMILIES`."""
    return from_settings(*FAMILIES[name], seed, dtype)


def from_settings(
    kind: str, settings: dict[str, object], seed: int = 0, dtype: torch.dtype = torch.float32
) -> PreTrainedModel:
    """A random model whose weights are large enough that every layer matters."""
    from transformers import AutoConfig

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    # Plain loops over experts: the grouped product knows no float64.
    model = AutoModelForCausalLM.from_config(
        AutoConfig.for_model(kind, **settings), experts_implementation="eager"
    )
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=0.25)
            else:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return model.to(dtype).eval().requires_grad_(False)


SUBLAYER_NAMES = {
    "attention": ("self_attn", "attn", "attention", "self_attention"),
    "mlp": ("mlp", "ffn"),
}


def zeroed(
    name: str, dropped: Iterable[Step], dtype: torch.dtype = torch.float32
) -> PreTrainedModel:
    """The oracle of removal: the same model with all weights of the dropped sub-layers set to zero."""
    model = tiny_model(name, dtype=dtype)
    layers = next(
        module
        for module in model.modules()
        if isinstance(module, torch.nn.ModuleList) and len(module) == LAYERS
    )
    for layer, kind in sublayers_of(dropped):
        child = next(
            child
            for child_name, child in layers[layer].named_children()
            if child_name in SUBLAYER_NAMES[kind]
        )
        with torch.no_grad():
            for parameter in child.parameters():
                parameter.zero_()
    return model
