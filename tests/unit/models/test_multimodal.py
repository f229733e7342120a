"""Multimodal models: their text decoder is pruned, exported and measured."""

import json

import pytest
import torch
from small_models import byte_level_tokenizer
from transformers import AutoModelForCausalLM, Gemma3Config
from zoo import FAMILIES, LAYERS

from keepfaith.efficiency.arithmetic import prefill_operations
from keepfaith.efficiency.measure import measure_efficiency
from keepfaith.models.components import Component
from keepfaith.models.export import export
from keepfaith.models.loading import load_model
from keepfaith.models.removal import PrunableModel
from keepfaith.models.slim import skipped
from keepfaith.models.sources import prepare_folder
from keepfaith.models.verification import refuse_failures, verify

DROPPED = [Component(1), Component(3, "block")]


def gemma3(vision_layers=LAYERS):
    """The same number of vision and text layers: only their location distinguishes them."""
    vision = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": vision_layers}
    config = Gemma3Config(
        text_config=FAMILIES["gemma3"][1],
        vision_config={**vision, "num_attention_heads": 4, "image_size": 28, "patch_size": 14},
        mm_tokens_per_image=4,
    )
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config).eval()
    for parameter in model.parameters():
        if parameter.ndim > 1:
            parameter.data.normal_(std=0.2)
    return model.requires_grad_(False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("gemma3")
    gemma3().save_pretrained(path)
    byte_level_tokenizer().save_pretrained(path)
    return path


def test_the_layers_that_read_are_removed():
    model = PrunableModel(gemma3())
    assert {type(site.layer).__name__ for site in model.sites} == {"Gemma3DecoderLayer"}
    refuse_failures("m", verify(model, ["attention", "mlp", "block"]), torch.float32)


@pytest.mark.parametrize("format", ["slim", "zero_filled"])
def test_exports_reload(folder, format, tmp_path):
    """`export` compares logits itself."""
    assert prepare_folder("m", folder).layers == LAYERS
    export(folder, DROPPED, tmp_path / format, format)
    if format == "slim":
        model = load_model(tmp_path / format, device="cpu")
        assert skipped(model.config) == PrunableModel(model).removable(DROPPED)


def test_levels_are_measured(folder):
    table = measure_efficiency(folder, DROPPED[:1], [0, 1], [24], 4, device="cpu", repeats=1)
    assert (
        table["cache_bytes_per_token"].to_list()
        == table["cache_bytes_per_token_expected"].to_list()
    )
    assert table["disk_bytes"].diff().to_list() == table["weight_bytes"].diff().to_list()
    counts = [prefill_operations(gemma3(layers), frozenset(), 24) for layers in (2, 4)]
    assert counts[0] == counts[1] == table["prefill_operations"][0]


def test_numbers_that_config_json_leaves_to_the_class(tmp_path):
    """Gemma 3 of 4B, 12B and 27B write no vocabulary and no longest input; here no number of layers either."""
    text = {
        key: FAMILIES["gemma3"][1][key] for key in ("hidden_size", "head_dim", "sliding_window")
    }
    small = {"intermediate_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1}
    vision = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    written = {
        "model_type": "gemma3",
        "architectures": ["Gemma3ForConditionalGeneration"],
        "text_config": {**text, **small, "model_type": "gemma3_text"},
        "vision_config": {**vision, "image_size": 28, "patch_size": 14},
        "mm_tokens_per_image": 4,
    }
    rest = {k: written[k] for k in ("text_config", "vision_config", "mm_tokens_per_image")}
    model = AutoModelForCausalLM.from_config(Gemma3Config(**rest), dtype=torch.bfloat16)
    model.save_pretrained(tmp_path / "m")
    byte_level_tokenizer().save_pretrained(tmp_path / "m")
    (tmp_path / "m" / "config.json").write_text(json.dumps(written))
    manifest = prepare_folder("m", tmp_path / "m")
    defaults = Gemma3Config().text_config
    assert (
        manifest.vocabulary == defaults.vocab_size == model.get_input_embeddings().weight.shape[0]
    )
    assert manifest.layers == defaults.num_hidden_layers
    assert manifest.context_length == defaults.max_position_embeddings
    assert manifest.context_length == PrunableModel(load_model(tmp_path / "m")).context_length
