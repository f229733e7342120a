"""Contradictory duplicates in a folder's files: weights, positions, whether an adapter is meant."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from model_folders import change_config, change_weights
from safetensors.torch import save_file
from small_models import byte_level_tokenizer
from test_contradictions import refused_everywhere
from zoo import FAMILIES, tiny_model

from keepfaith.config.errors import ConfigError
from keepfaith.config.model_folder import check_model_folder
from keepfaith.config.rotary import said_twice
from keepfaith.models.errors import LoadingError
from keepfaith.models.loading import load_model
from keepfaith.models.sources import ModelError, prepare_folder

Weights = dict[str, torch.Tensor]


def logits(folder: Path) -> torch.Tensor:
    found: torch.Tensor = load_model(folder, device="cpu")(torch.arange(3, 20)[None]).logits
    return found


def without_prefix(prefix: str, layer: str, factor: float) -> Callable[[Weights], None]:
    def change(weights: Weights) -> None:
        for name in [name for name in weights if name.startswith(prefix + layer)]:
            weights[name.removeprefix(prefix)] = factor * weights[name]

    return change


@pytest.mark.parametrize(
    ("family", "prefix", "layer"),
    [
        ("llama", "model.", "layers.1."),
        ("gpt2", "transformer.", "h.1."),
        ("opt", "model.", "decoder.layers.1."),
        ("qwen3_moe", "model.", "layers.1.self_attn."),
    ],
)
def test_two_weights_of_one_place(family: str, prefix: str, layer: str, tmp_path: Path) -> None:
    """transformers accepts names with and without the model's prefix, and ignores one of two."""
    folder = tmp_path / "m"
    tiny_model(family).save_pretrained(folder)
    byte_level_tokenizer().save_pretrained(folder)
    plain = logits(folder)
    change_weights(folder, without_prefix(prefix, layer, 1.0))
    prepare_folder("m", folder)
    torch.testing.assert_close(logits(folder), plain)
    change_weights(folder, without_prefix(prefix, layer, 2.0))
    words = rf"{layer}\S* \(in .*\) and {prefix}{layer}\S* \(in .*\) are one weight of the model, and they differ"
    with pytest.raises(ModelError, match=words):
        prepare_folder("m", folder)
    with pytest.raises(LoadingError, match=words):
        load_model(folder, device="cpu")


def adapter(folder: Path) -> None:
    lora = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
    save_file({lora: torch.ones(2, 32)}, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2}))


def test_an_adapter_beside_whole_weights(folder: Path) -> None:
    adapter(folder)
    words = ("holds complete weights and an adapter", "adapter_model.safetensors", "move its files")
    refused_everywhere(folder, *words)
    (folder / "adapter_config.json").unlink()
    (folder / "adapter_model.safetensors").unlink()
    prepare_folder("m", folder)


LINEAR = {"factor": 4.0, "rope_type": "linear"}


@pytest.mark.parametrize(
    ("changes", "one", "other"),
    [
        (
            {"rope_scaling": {"type": "linear", "factor": 4.0}},
            "rope_scaling ({'factor': 4.0",
            "rope_parameters ({",
        ),
        (
            {"rope_parameters": None, "rope_scaling": {**LINEAR, "type": "dynamic"}},
            "rope_scaling.type ('dynamic')",
            "rope_scaling.rope_type ('linear')",
        ),
        ({"rope_theta": 1e6}, "rope_theta (1000000.0)", "rope_parameters.rope_theta (10000.0)"),
        (
            {
                "original_max_position_embeddings": 32,
                "rope_parameters": {"rope_type": "yarn", "original_max_position_embeddings": 64},
            },
            "original_max_position_embeddings (32)",
            "rope_parameters.original_max_position_embeddings (64)",
        ),
        (
            {
                "text_config": {
                    "num_hidden_layers": 4,
                    "rope_theta": 5,
                    "rope_scaling": {"rope_theta": 6},
                }
            },
            "text_config.rope_theta (5)",
            "text_config.rope_scaling.rope_theta (6)",
        ),
    ],
)
def test_positions_that_are_said_twice(
    changes: dict[str, object], one: str, other: str, folder: Path
) -> None:
    change_config(folder, **changes)
    refused_everywhere(folder, "config.json: ", one, other, "disagree on the rotary")


@pytest.mark.parametrize(
    "changes",
    [
        {"rope_theta": 10000},
        {"rope_scaling": {"rope_type": "default"}, "rope_theta": 1e4},
        {"rope_scaling": {"type": "default", "rope_type": "default", "rope_theta": 1e4}},
        {"rope_scaling": {}},
    ],
)
def test_positions_that_are_said_twice_alike(changes: dict[str, object], folder: Path) -> None:
    plain = logits(folder)
    change_config(folder, **changes)
    prepare_folder("m", folder)
    torch.testing.assert_close(logits(folder), plain)


@pytest.mark.parametrize(
    "content",
    [
        {"rope_theta": 1e6, "rope_scaling": {"type": "su", "rope_type": "longrope"}},
        {"rope_scaling": {"type": "mrope", "rope_type": "default", "mrope_section": [2, 1, 1]}},
        {"rope_theta": 1e6, "rope_scaling": {"type": "linear", "factor": 2.0}},
        {"rope_theta": 1e6, "rope_local_base_freq": 1e4, "rope_scaling": None},
        {
            "rope_theta": 1e6,
            "rope_parameters": {
                "full_attention": {"rope_type": "default", "rope_theta": 1e6},
                "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
            },
        },
        {"rope_scaling": "linear", "rope_parameters": 5, "rope_theta": []},
    ],
)
def test_what_hub_checkpoints_write_is_no_contradiction(content: dict[str, object]) -> None:
    assert said_twice(content) is None


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_no_architecture_says_a_thing_twice(family: str, tmp_path: Path) -> None:
    tiny_model(family).save_pretrained(tmp_path / "m", max_shard_size="20KB")
    byte_level_tokenizer().save_pretrained(tmp_path / "m")
    try:
        check_model_folder("m", tmp_path / "m")
    except ConfigError as error:
        pytest.fail(str(error))
    load_model(tmp_path / "m", device="cpu")
