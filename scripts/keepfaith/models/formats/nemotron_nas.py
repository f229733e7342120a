"""Export of pruned Llamas in the format of NVIDIA's Nemotron-NAS models, which vLLM and MLX read without extra code.

Every layer has an entry in `block_configs` that says whether its attention and its MLP are missing (`no_op`), how many
query heads share a key-value head, and how wide the MLP is: a multiple of two thirds of the hidden size, rounded up to
the next multiple of 256 (according to the readers' sources). A missing sub-layer has no norm either.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepfaith.models.components import Step, Sublayer, SublayerKind, sublayers_of
from keepfaith.plugins.export_format import ExportFormat, UnsuitableModelError

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

_USAGE = """This folder lacks the weights of what was dropped. It has the format of Nemotron-NAS models,
which vLLM (`vllm serve <folder>`) and MLX (`mlx_lm.load`) read.
"""

_MODEL_TYPE = "nemotron-nas"
_ROUNDED_TO = 256
_BLOCK_KEYS: dict[SublayerKind, str] = {"attention": "attention", "mlp": "ffn"}
_NORMS = {"attention": "input_layernorm", "mlp": "post_attention_layernorm"}
_KEPT_KEYS = (
    "attention_bias",
    "bos_token_id",
    "eos_token_id",
    "hidden_act",
    "hidden_size",
    "initializer_range",
    "max_position_embeddings",
    "mlp_bias",
    "num_attention_heads",
    "num_hidden_layers",
    "pad_token_id",
    "rms_norm_eps",
    "tie_word_embeddings",
    "vocab_size",
)


def width(multiple: float, hidden: int) -> int:
    """Width of an MLP as the readers compute it."""
    return -(-int(2 * multiple * hidden / 3) // _ROUNDED_TO) * _ROUNDED_TO


def _write(folder: Path | str, dropped: Sequence[Step], target: Path, dtype: str) -> None:
    from safetensors.torch import save_file

    from keepfaith.models.loading import load_model

    gone = sublayers_of(dropped)
    model = load_model(folder, dtype, "cpu", dropped)
    content = _content(model.config, gone) | {
        "torch_dtype": str(model.dtype).removeprefix("torch.")
    }
    unused = tuple(f"model.layers.{layer}.{_NORMS[kind]}." for layer, kind in gone)
    weights = {
        name: value.contiguous()
        for name, value in model.state_dict().items()
        if not name.startswith(unused) and not (name == "lm_head.weight" and _tied(model.config))
    }
    target.mkdir(parents=True, exist_ok=True)
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})
    text = json.dumps(content, indent=2, sort_keys=True)
    (target / "config.json").write_text(text + "\n", encoding="utf-8")


def _load(folder: Path, dtype: str) -> "PreTrainedModel":
    """Read such a folder as the format's other readers do: from `block_configs` alone.

    Raises:
        LoadingError: its weights are not those that the configuration describes.
    """
    from transformers import AutoConfig, LlamaForCausalLM

    from keepfaith.models.checkpoint import refuse_differences
    from keepfaith.models.loading import as_dtype
    from keepfaith.models.slim import mark, slim_class

    content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    blocks = content.pop("block_configs")
    first = next(block["attention"] for block in blocks if not block["attention"]["no_op"])
    multiple = next(block["ffn"]["ffn_mult"] for block in blocks if not block["ffn"]["no_op"])
    gone = frozenset(
        Sublayer(layer, kind)
        for kind, key in _BLOCK_KEYS.items()
        for layer, block in enumerate(blocks)
        if block[key]["no_op"]
    )
    config = AutoConfig.for_model(
        "llama",
        **{key: content[key] for key in _KEPT_KEYS if key in content},
        intermediate_size=width(multiple, content["hidden_size"]),
        num_key_value_heads=content["num_attention_heads"] // first["n_heads_in_group"],
        rope_parameters={"rope_type": "default", "rope_theta": content["rope_theta"]}
        | (content["rope_scaling"] or {}),
    )
    mark(config, gone)
    kind: Any = slim_class(LlamaForCausalLM, gone)
    model, report = kind.from_pretrained(
        str(folder),
        config=config,
        dtype=as_dtype(dtype),
        local_files_only=True,
        use_safetensors=True,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    unused = {f"model.layers.{layer}.{_NORMS[kind]}.weight" for layer, kind in gone}
    refuse_differences(folder, report, model, absent=unused)
    loaded: PreTrainedModel = model.eval()
    return loaded


def _content(config: "PretrainedConfig", gone: frozenset[Sublayer]) -> dict[str, Any]:
    heads, hidden, inner = (
        int(getattr(config, name))
        for name in ("num_attention_heads", "hidden_size", "intermediate_size")
    )
    multiple = round(3 * inner / (2 * hidden), 6)
    head_width = getattr(config, "head_dim", None) or hidden // heads
    rope = dict(config.rope_parameters)
    theta = float(rope.pop("rope_theta"))
    layers = range(int(config.num_hidden_layers))
    for wrong, why in (
        (getattr(config, "sliding_window", None) is not None, "has a sliding attention window"),
        (head_width * heads != hidden, "has heads that do not add up to its hidden size"),
        (
            width(multiple, hidden) != inner,
            f"has MLPs of width {inner}, which is no multiple of {_ROUNDED_TO}",
        ),
        (Sublayer(0, "attention") in gone, "loses the attention of layer 0, which vLLM needs"),
        (
            all(Sublayer(layer, "mlp") in gone for layer in layers),
            "loses every MLP, and so their width",
        ),
    ):
        if wrong:
            raise UnsuitableModelError("nemotron_nas", why)
    blocks = [
        {
            "attention": _block(
                Sublayer(layer, "attention") in gone,
                n_heads_in_group=heads // int(config.num_key_value_heads),
            ),
            "ffn": _block(Sublayer(layer, "mlp") in gone, ffn_mult=multiple),
        }
        for layer in layers
    ]
    kept = {key: getattr(config, key) for key in _KEPT_KEYS if hasattr(config, key)}
    return kept | {
        "architectures": ["DeciLMForCausalLM"],
        "block_configs": blocks,
        "model_type": _MODEL_TYPE,
        "rope_scaling": rope if rope.get("rope_type", "default") != "default" else None,
        "rope_theta": theta,
        # vLLM reads the number of key-value heads of a layer from its block.
        "num_key_value_heads": None,
    }


def _block(absent: bool, **size: float) -> dict[str, Any]:
    return {"no_op": absent, "replace_with_linear": False} | {
        name: None if absent else value for name, value in size.items()
    }


def _tied(config: "PretrainedConfig") -> bool:
    return bool(config.tie_word_embeddings)


FORMAT = ExportFormat(
    description="without the dropped weights, for vLLM and MLX",
    model_types=("llama", "mistral"),
    usage=_USAGE,
    checked="read from its `block_configs` alone, as the other readers of the format do",
    write=_write,
    load=_load,
)
