"""Folders whose files describe two models, a model that lacks layers, or hold two sets of weights: one line each."""

import json
from pathlib import Path

import pytest
import torch
from model_folders import change_config, change_weights
from safetensors.torch import load_file, save_file
from small_models import byte_level_tokenizer
from zoo import COMMON, FAMILIES, LAYERS, from_settings, tiny_model

from keepfaith.config.errors import ConfigError
from keepfaith.config.model_folder import check_model_folder
from keepfaith.models.components import Component
from keepfaith.models.errors import LoadingError
from keepfaith.models.export import export
from keepfaith.models.loading import load_model
from keepfaith.models.sources import ModelError, prepare_folder

INDEX = "model.safetensors.index.json"


def with_tokenizer(folder: Path, family: str, **settings: object) -> Path:
    kind, common = FAMILIES[family]
    from_settings(kind, {**common, **settings}).save_pretrained(folder)
    byte_level_tokenizer().save_pretrained(folder)
    return folder


def refused_everywhere(folder: Path, *words: str) -> None:
    """Refused before any job, by rule prepare_model, and when the model is loaded."""
    with pytest.raises(ConfigError) as before:
        check_model_folder("m", folder)
    with pytest.raises(ModelError) as prepared:
        prepare_folder("m", folder)
    with pytest.raises(LoadingError) as loaded:
        load_model(folder, device="cpu")
    for caught in (before, prepared, loaded):
        message = str(caught.value)
        assert "\n" not in message and str(folder) in message
        for word in words:
            assert word in message, message


@pytest.mark.parametrize(
    ("kind", "classes", "of"),
    [
        ("llama", ["Qwen2ForCausalLM"], "qwen2"),
        ("mistral", ["LlamaForCausalLM"], "llama"),
        ("llama", ["GPT2LMHeadModel"], "gpt2"),
        ("gpt2", ["GPTNeoXForCausalLM"], "gpt_neox"),
        ("gemma", ["Gemma2ForCausalLM"], "gemma2"),
    ],
)
def test_a_class_of_another_model_type(
    kind: str, classes: list[str], of: str, folder: Path
) -> None:
    change_config(folder, model_type=kind, architectures=classes)
    words = f"model_type is {kind!r}, but architectures names {classes[0]!r}, a class of "
    refused_everywhere(folder, "config.json: ", words, of, "correct the one that is wrong")


@pytest.mark.parametrize(
    "classes",
    [["LlamaModel"], ["LLaMAForCausalLM"], [], None, "LlamaForCausalLM", [5], {"a": 1}],
)
def test_a_class_of_the_same_type_or_of_none(classes: object, folder: Path) -> None:
    change_config(folder, architectures=classes)
    check_model_folder("m", folder)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"per_layer_config": {"1": {"skip": ["attention"]}}}, "per_layer_config.1.skip ("),
        (
            {"block_configs": [{}, {"attention": {"no_op": True}}]},
            "block_configs[1].attention.no_op (True)",
        ),
        (
            {"block_configs": [{"ffn": {"no_op": False, "replace_with_linear": True}}]},
            "block_configs[0].ffn.replace_with_linear (True)",
        ),
        ({"drop_attn_list": [3]}, "drop_attn_list ([3])"),
        ({"text_config": {"num_hidden_layers": 4, "skip_layers": [1]}}, "text_config.skip_layers"),
    ],
)
def test_layers_that_are_there_in_part(changes: dict[str, object], path: str, folder: Path) -> None:
    change_config(folder, **changes)
    words = ("says that a layer lacks its attention or its MLP", "use the dense checkpoint")
    refused_everywhere(folder, "config.json: " + path, *words)


def test_blocks_that_are_all_there_pass(folder: Path) -> None:
    block = {"attention": {"no_op": False, "replace_with_linear": False}, "ffn": {"no_op": False}}
    change_config(
        folder, block_configs=[block] * 4, drop_mlp_list=[], attention_dropout=0.1, skip_layers=None
    )
    assert prepare_folder("m", folder).layers == 4


def in_shards(folder: Path) -> None:
    """The same weights in two newer files, with their index."""
    weights = load_file(folder / "model.safetensors")
    names = sorted(weights)
    parts = {"model-1.safetensors": names[:9], "model-2.safetensors": names[9:]}
    for file, part in parts.items():
        newer = {name: weights[name] + 1 for name in part}
        save_file(newer, folder / file, metadata={"format": "pt"})
    weight_map = {name: file for file, part in parts.items() for name in part}
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def test_two_sets_of_weights(folder: Path) -> None:
    in_shards(folder)
    words = f"holds two sets of weights, model.safetensors and the 2 files of {INDEX}, of which transformers reads"
    with pytest.raises(ConfigError, match=words):
        check_model_folder("m", folder)
    with pytest.raises(ModelError, match="delete the set that you do not mean"):
        prepare_folder("m", folder)
    (folder / "model.safetensors").unlink()
    prepare_folder("m", folder)
    assert float(load_model(folder, device="cpu").model.norm.weight[0]) == 2


def test_an_old_index_beside_one_whole_file(folder: Path) -> None:
    in_shards(folder)
    (folder / "model-2.safetensors").unlink()
    words = (
        f"lacks model-2.safetensors, named in {INDEX}; copy it too, or delete {INDEX} if model.safe"
    )
    with pytest.raises(ConfigError, match=words):
        check_model_folder("m", folder)
    (folder / "model-1.safetensors").unlink()
    weight_map = dict.fromkeys(load_file(folder / "model.safetensors"), "model.safetensors")
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    prepare_folder("m", folder)


def test_an_index_without_metadata(folder: Path) -> None:
    in_shards(folder)
    (folder / "model.safetensors").unlink()
    weight_map = json.loads((folder / INDEX).read_text())["weight_map"]
    (folder / INDEX).write_text(json.dumps({"weight_map": weight_map}))
    with pytest.raises(ConfigError, match=r'has no metadata, .*; add "metadata": \{\} beside'):
        check_model_folder("m", folder)
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    check_model_folder("m", folder)
    load_model(folder, device="cpu")


@pytest.mark.parametrize(
    ("family", "head", "embedding"),
    [
        ("llama", "lm_head.weight", "model.embed_tokens.weight"),
        ("gpt2", "lm_head.weight", "transformer.wte.weight"),
        ("opt", "lm_head.weight", "model.decoder.embed_tokens.weight"),
    ],
)
def test_tied_weights_that_differ(family: str, head: str, embedding: str, tmp_path: Path) -> None:
    folder = with_tokenizer(tmp_path / "m", family, tie_word_embeddings=True)
    tied = load_model(folder, device="cpu")(torch.arange(3, 20)[None]).logits
    change_weights(folder, lambda weights: weights.update({head: weights[embedding].clone()}))
    prepare_folder("m", folder)
    same = load_model(folder, device="cpu")(torch.arange(3, 20)[None]).logits
    torch.testing.assert_close(same, tied)

    def differ(weights: dict[str, torch.Tensor]) -> None:
        weights[head] = weights[head].clone()
        weights[head][-1, -1] += 1

    change_weights(folder, differ)
    words = f"config.json says that {head} and {embedding} are one weight .* hold two that differ"
    with pytest.raises(ModelError, match=words):
        prepare_folder("m", folder)
    with pytest.raises(LoadingError, match=f"{words}; type tie_word_embeddings: false"):
        load_model(folder, device="cpu")
    change_config(folder, tie_word_embeddings=False)
    prepare_folder("m", folder)


MASKS = {
    "gpt2": ("transformer.h.{}.attn", ["bias", "masked_bias"]),
    "gptj": ("transformer.h.{}.attn", ["bias", "masked_bias", "embed_positions"]),
    "codegen": ("transformer.h.{}.attn", ["causal_mask", "masked_bias"]),
    "gpt_neox": ("gpt_neox.layers.{}.attention", ["bias", "masked_bias", "rotary_emb.inv_freq"]),
    "llama": ("model.layers.{}.self_attn", ["rotary_emb.inv_freq", "masked_bias"]),
}
SHAPES = {"masked_bias": (), "embed_positions": (128, 4), "rotary_emb.inv_freq": (4,)}


@pytest.mark.parametrize("family", MASKS)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool, torch.float32])
def test_what_a_model_computes_by_itself_may_lie_in_its_file(
    family: str, dtype: torch.dtype, tmp_path: Path
) -> None:
    """Masks and positions of old checkpoints; they were reported as left over."""
    folder = with_tokenizer(tmp_path / "m", family)
    plain = load_model(folder, device="cpu")(torch.arange(3, 20)[None]).logits
    prefix, names = MASKS[family]
    change_weights(
        folder,
        lambda weights: weights.update(
            {
                f"{prefix.format(layer)}.{name}": torch.ones(
                    SHAPES.get(name, (1, 1, 8, 8)), dtype=torch.float32 if name in SHAPES else dtype
                )
                for layer in range(LAYERS)
                for name in names
            }
        ),
    )
    prepare_folder("m", folder)
    found = load_model(folder, device="cpu")(torch.arange(3, 20)[None]).logits
    torch.testing.assert_close(found, plain)


@pytest.mark.parametrize("shape", [(32,), (8, 8), (4, 1, 8, 8), (1, 1, 8, 4), (1, 32)])
def test_a_bias_that_is_no_mask_is_left_over(shape: tuple[int, ...], tmp_path: Path) -> None:
    folder = with_tokenizer(tmp_path / "m", "gptj")
    name = "transformer.h.1.attn.bias"
    change_weights(folder, lambda weights: weights.update({name: torch.ones(shape)}))
    with pytest.raises(ModelError, match=f"1 weights .* have no place in the model, first {name}"):
        prepare_folder("m", folder)


def test_exports_of_tied_models_pass(tmp_path: Path) -> None:
    folder = with_tokenizer(tmp_path / "m", "llama", tie_word_embeddings=True)
    for kind in ("slim", "zero_filled"):
        export(folder, [Component(1)], tmp_path / kind, kind)
        load_model(tmp_path / kind, device="cpu")
    prepare_folder("m", tmp_path / "zero_filled")


def test_more_layers_than_weights(folder: Path) -> None:
    """Such a model is never built: that would not end."""
    change_config(folder, num_hidden_layers=10**12, layer_types=None)
    words = "says 1000000000000 layers, but the checkpoint holds 39 weights"
    with pytest.raises(ModelError, match=words):
        prepare_folder("m", folder)
    with pytest.raises(LoadingError, match=words):
        load_model(folder, device="cpu")


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_no_architecture_contradicts_itself(family: str, tmp_path: Path) -> None:
    assert COMMON["num_hidden_layers"] == LAYERS
    tiny_model(family).save_pretrained(tmp_path / "m")
    byte_level_tokenizer().save_pretrained(tmp_path / "m")
    check_model_folder("m", tmp_path / "m")
