"""Contradictions within a model folder are refused before anything runs, and no correct folder is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from model_folders import (
    change_config,
    change_json,
    change_weights,
    copied,
    retype_weight,
)
from small_models import byte_level_tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM
from zoo import COMMON, FAMILIES, LAYERS, VOCABULARY, tiny_model

from keepfaith.config.errors import ConfigError
from keepfaith.config.model_folder import check_model_folder
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.checkpoint import check_checkpoint
from keepfaith.models.components import Component
from keepfaith.models.errors import LoadingError
from keepfaith.models.export import export
from keepfaith.models.loading import load_model
from keepfaith.models.sources import ModelError, prepare_folder

SHARED = Path(__file__).resolve().parents[4] / "shared" / "models"
CURE = "config.json and the weights are of different models"


@pytest.fixture(scope="module")
def biased(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama with a bias in each of its seven projections, in all four layers."""
    return llama(tmp_path_factory.mktemp("biased") / "m", attention_bias=True, mlp_bias=True)


def llama(folder: Path, **settings: object) -> Path:
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**(COMMON | settings)))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    byte_level_tokenizer().save_pretrained(folder)
    return folder


def both_refuse(folder: Path, words: str) -> None:
    """The check without memory and the loader both refuse it, with the same sentence."""
    with pytest.raises(LoadingError, match=words) as checked:
        check_checkpoint(folder)
    with pytest.raises(LoadingError, match=words) as loaded:
        load_model(folder, device="cpu")
    assert str(checked.value) == str(loaded.value)
    assert "\n" not in str(checked.value) and CURE in str(checked.value)
    with pytest.raises(ModelError, match=words):
        prepare_folder("m", folder)


def test_biases_that_config_json_leaves_out(biased: Path, tmp_path: Path) -> None:
    folder = copied(biased, tmp_path / "m")
    change_config(folder, attention_bias=False, mlp_bias=False)
    check_model_folder("m", folder)
    both_refuse(
        folder,
        r"28 weights of the checkpoint have no place in the model, first model\.layers\.0\.mlp\.down_proj\.bias "
        r"\(in model\.safetensors\)",
    )


def test_biases_that_config_json_names_are_used(biased: Path) -> None:
    prepare_folder("m", biased)
    state = load_model(biased, device="cpu").state_dict()
    assert sum(name.endswith("proj.bias") for name in state) == 28
    assert float(state["model.layers.0.mlp.down_proj.bias"].abs().max()) > 0


def test_layers_beyond_those_of_config_json(folder: Path) -> None:
    """Found by the names alone, before any job; the same words everywhere."""
    change_config(folder, num_hidden_layers=2, layer_types=None)
    words = (
        r"18 weights of the checkpoint have no place in the model, first model\.layers\.2\.input_layernorm\.weight "
        r"\(in .*model\.safetensors\)"
    )
    with pytest.raises(ConfigError, match=words):
        check_model_folder("m", folder)
    both_refuse(folder, words)


def more_layers(folder: Path) -> None:
    change_config(folder, num_hidden_layers=12, layer_types=None)


def larger_vocabulary(folder: Path) -> None:
    change_config(folder, vocab_size=1000)


def other_width(folder: Path) -> None:
    change_config(folder, intermediate_size=80)


def other_key_heads(folder: Path) -> None:
    change_config(folder, num_key_value_heads=4)


def other_family(folder: Path) -> None:
    """Qwen2's attention has biases in q, k and v, Llama's has none."""
    change_config(folder, model_type="qwen2", architectures=["Qwen2ForCausalLM"])


def norms_of_another(folder: Path) -> None:
    change_config(folder, model_type="qwen3", architectures=["Qwen3ForCausalLM"], head_dim=8)


def leftovers_of_training(folder: Path) -> None:
    change_weights(
        folder,
        lambda weights: weights.update({"optimizer.step": torch.ones(3), "ema": torch.ones(1)}),
    )


def lost_head(folder: Path) -> None:
    change_weights(folder, lambda weights: weights.pop("lm_head.weight"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (more_layers, "72 weights are missing from the checkpoint, first model.layers.4.input_lay"),
        (larger_vocabulary, "2 weights have another shape than config.json says, first lm_head.w"),
        (
            other_width,
            "12 weights have another shape .*, first model.layers.0.mlp.down_proj.weight",
        ),
        (other_key_heads, "8 weights have another shape .*, first model.layers.0.self_attn.k_proj"),
        (other_family, "12 weights are missing .*, first model.layers.0.self_attn.k_proj.bias"),
        (
            norms_of_another,
            "8 weights are missing .*, first model.layers.0.self_attn.k_norm.weight",
        ),
        (
            leftovers_of_training,
            "2 weights of the checkpoint have no place in the model, first ema",
        ),
        (lost_head, "1 weights are missing from the checkpoint, first lm_head.weight"),
    ],
)
def test_other_ways_to_be_of_two_models(
    spoil: Callable[[Path], None], words: str, folder: Path
) -> None:
    spoil(folder)
    both_refuse(folder, words.replace(".", r"\.").replace(r"\.*", ".*"))


def test_another_number_of_experts(tmp_path: Path) -> None:
    tiny_model("qwen3_moe").save_pretrained(tmp_path / "m")
    byte_level_tokenizer().save_pretrained(tmp_path / "m")
    change_config(tmp_path / "m", num_local_experts=3)
    both_refuse(
        tmp_path / "m", "12 weights have another shape .*, first model.layers.0.mlp.experts"
    )


@pytest.mark.parametrize(
    ("dtype", "size"),
    [("I8", 1), ("F8_E4M3", 1), ("F8_E5M2", 1), ("I32", 4), ("I64", 8), ("U8", 1)],
)
def test_weights_that_are_no_plain_numbers(dtype: str, size: int, folder: Path) -> None:
    """Refused before any job, by the header."""
    name = "model.layers.1.self_attn.q_proj.weight"
    retype_weight(folder, name, dtype, size)
    words = rf"1 weights are not plain numbers, first {name} \({dtype} in .*; use the checkpoint"
    with pytest.raises(ConfigError, match=words):
        check_model_folder("m", folder)


def test_whole_numbers_under_the_name_of_a_mask(biased: Path, tmp_path: Path) -> None:
    """Only the model's class distinguishes a bias from an attention mask."""
    folder = copied(biased, tmp_path / "m")
    retype_weight(folder, "model.layers.2.mlp.up_proj.bias", "BOOL", 1)
    check_model_folder("m", folder)
    with pytest.raises(
        ModelError, match=r"1 weights are not plain numbers, first model\.layers\.2\.mlp"
    ):
        prepare_folder("m", folder)


def test_what_a_class_lets_pass_is_let_pass(folder: Path) -> None:
    """Buffers of old checkpoints: rotary frequencies of every layer, positions."""
    change_weights(
        folder,
        lambda weights: weights.update(
            {
                f"model.layers.{layer}.self_attn.rotary_emb.inv_freq": torch.ones(4)
                for layer in range(LAYERS)
            }
        ),
    )
    assert prepare_folder("m", folder).layers == LAYERS
    load_model(folder, device="cpu")


def test_masks_of_old_checkpoints_are_let_pass(tmp_path: Path) -> None:
    """Attention masks of GPT-2 and GPT-NeoX, of type uint8 or bool."""
    for family, name in [
        ("gpt2", "transformer.h.{}.attn.bias"),
        ("gpt_neox", "gpt_neox.layers.{}.attention.bias"),
    ]:
        folder = tmp_path / family
        tiny_model(family).save_pretrained(folder)
        byte_level_tokenizer().save_pretrained(folder)
        for dtype in (torch.uint8, torch.bool):
            masks = {name.format(n): torch.ones(1, 1, 8, 8, dtype=dtype) for n in range(LAYERS)}
            change_weights(folder, lambda weights, masks=masks: weights.update(masks))
            prepare_folder("m", folder)
            load_model(folder, device="cpu")


def test_names_of_the_model_without_its_head(tmp_path: Path) -> None:
    """As saved by AutoModel: no "model." before the names, no head since it is tied."""
    model = llama(tmp_path / "whole", tie_word_embeddings=True)
    AutoModelForCausalLM.from_pretrained(model).model.save_pretrained(tmp_path / "m")
    byte_level_tokenizer().save_pretrained(tmp_path / "m")
    prepare_folder("m", tmp_path / "m")
    tokens = torch.arange(3, 20)[None]
    found = load_model(tmp_path / "m", device="cpu")(tokens).logits
    torch.testing.assert_close(found, load_model(model, device="cpu")(tokens).logits)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_no_architecture_is_refused(family: str, tmp_path: Path) -> None:
    """In one file, in several files, and with dropped weights set to zero."""
    tiny_model(family).save_pretrained(tmp_path / "m")
    byte_level_tokenizer().save_pretrained(tmp_path / "m")
    assert prepare_folder("m", tmp_path / "m").vocabulary == VOCABULARY
    tiny_model(family).save_pretrained(tmp_path / "shards", max_shard_size="20KB")
    byte_level_tokenizer().save_pretrained(tmp_path / "shards")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    prepare_folder("m", tmp_path / "shards")
    export(tmp_path / "m", [Component(1)], tmp_path / "zero", "zero_filled")
    prepare_folder("m", tmp_path / "zero")
    export(tmp_path / "m", [Component(1)], tmp_path / "slim", "slim")
    check_checkpoint(tmp_path / "slim")


@pytest.mark.parametrize("folder", [CHECKPOINT, SHARED / "stories260K", SHARED / "babyllama105"])
def test_real_models_are_described(folder: Path) -> None:
    if not folder.is_dir():
        pytest.skip(f"{folder.name} is not at hand: no folder shared/models beside the project")
    assert prepare_folder("m", folder).model_type == "llama"


def test_the_check_reads_no_weights(folder: Path) -> None:
    """A sparse file, far larger than memory, takes no time to check."""
    header = {
        name: {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}
        for name, shape in large_shapes(folder).items()
    }
    end = 0
    for entry in header.values():
        size = 4
        for extent in entry["shape"]:
            size *= extent
        entry["data_offsets"] = [end, end + size]
        end += size
    text = json.dumps(header).encode()
    with (folder / "model.safetensors").open("wb") as handle:
        handle.write(len(text).to_bytes(8, "little") + text)
        handle.truncate(8 + len(text) + end)
    assert end > 150e9
    check_checkpoint(folder)


def large_shapes(folder: Path) -> dict[str, list[int]]:
    """Change the folder's config.json to a model of 38 billion weights, and return their shapes."""
    change_config(folder, hidden_size=32768, intermediate_size=65536, head_dim=8192)
    with torch.device("meta"):
        model = LlamaForCausalLM(AutoConfig.from_pretrained(folder))
    return {name: list(value.shape) for name, value in model.state_dict().items()}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_attention_heads": 5}, "num_attention_heads|hidden size"),
        ({"rope_parameters": {"rope_type": "nonsense"}}, "rope_type|nonsense"),
        ({"hidden_act": "nonsense"}, "nonsense"),
        ({"hidden_size": "wide"}, "hidden_size"),
        ({"vocab_size": -1}, "negative|vocab_size"),
        ({"model_type": "lama"}, "knows no model_type 'lama'; did you mean 'llama'"),
        ({"dtype": "float99"}, "float99"),
    ],
)
def test_whatever_config_json_raises_is_one_line(
    changes: dict[str, object], words: str, folder: Path
) -> None:
    change_config(folder, **changes)
    with pytest.raises(ModelError, match=words) as caught:
        prepare_folder("m", folder)
    message = str(caught.value)
    assert message.startswith(f"model m: {folder}/config.json: "), message
    assert "\n" not in message and len(message) < 700 + len(str(folder))


def test_layer_types_of_another_length(folder: Path) -> None:
    """Found before any job, and when the model is loaded."""
    change_config(folder, layer_types=["full_attention"] * 6)
    with pytest.raises(ConfigError, match="layer_types lists 6 layers, num_hidden_layers says 4"):
        check_model_folder("m", folder)
    with pytest.raises(LoadingError, match=r"config\.json: .*num_hidden_layers` \(4\).*; correct"):
        load_model(folder, device="cpu")


@pytest.mark.parametrize("auto_map", [{"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M"}, {}])
def test_code_that_is_not_needed_is_not_run(
    auto_map: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    change_config(folder, auto_map=auto_map)
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    change_json(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["own.T", None]})
    assert prepare_folder("m", folder).model_type == "llama"
    assert type(load_model(folder, device="cpu")) is LlamaForCausalLM
    assert not (tmp_path / "ran").exists()
