"""Models that also see: what is pruned, exported and measured is their text decoder."""

import pytest
import torch
from small_models import byte_level_tokenizer
from transformers import AutoModelForCausalLM, Gemma3Config
from zoo import FAMILIES, LAYERS

from keepfaith.efficiency.arithmetic import prefill_operations
from keepfaith.efficiency.measure import measure
from keepfaith.models.components import Component
from keepfaith.models.export import export
from keepfaith.models.loading import load_model
from keepfaith.models.removal import PrunableModel
from keepfaith.models.slim import skipped
from keepfaith.models.sources import prepare_folder
from keepfaith.models.verification import refuse_failures, verify

DROPPED = [Component(1), Component(3, "block")]


def gemma3(vision_layers=LAYERS):
    """As many layers that see as layers that read: nothing but their place tells them apart."""
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
    table = measure(folder, DROPPED[:1], [0, 1], [24], 4, device="cpu", repeats=1)
    assert (
        table["cache_bytes_per_token"].to_list()
        == table["cache_bytes_per_token_expected"].to_list()
    )
    assert table["disk_bytes"].diff().to_list() == table["weight_bytes"].diff().to_list()
    counts = [prefill_operations(gemma3(layers), frozenset(), 24) for layers in (2, 4)]
    assert counts[0] == counts[1] == table["prefill_operations"][0]
