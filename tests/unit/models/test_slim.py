"""Models without the dropped weights: every architecture, in memory, on disk and reloaded."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from small_models import byte_level_tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, LlamaForCausalLM
from zoo import COMMON, FAMILIES, VOCABULARY, from_settings, tiny_model, zeroed

from keepfaith.models.components import Component, Sublayer
from keepfaith.models.errors import LoadingError
from keepfaith.models.export import ExportError, export
from keepfaith.models.formats import zero_filled
from keepfaith.models.loading import load_model
from keepfaith.models.removal import PrunableModel
from keepfaith.models.slim import skipped, write_slim_config
from keepfaith.plugins.export_format import EXPORT_FORMATS

BOTH = [Component(0), Component(2, "mlp"), Component(3, "block")]
TOKENS = torch.randint(3, VOCABULARY, (2, 9), generator=torch.Generator().manual_seed(5))
SETTINGS = {"max_new_tokens": 6, "do_sample": False, "pad_token_id": 0, "eos_token_id": None}


def dropped_of(family):
    return [Component(0), Component(3)] if family == "opt" else BOTH


@pytest.fixture(scope="module", params=sorted(FAMILIES))
def family(request):
    return request.param


def saved(family, path):
    tiny_model(family).save_pretrained(path)
    byte_level_tokenizer().save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def folder(family, tmp_path_factory):
    return saved(family, tmp_path_factory.mktemp(family))


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return saved("llama", tmp_path_factory.mktemp("llama"))


@torch.inference_mode()
def test_a_model_loaded_without_them_equals_zeroed_weights(family, folder):
    dropped = dropped_of(family)
    model = load_model(folder, device="cpu", dropped=dropped)
    oracle = zeroed(family, dropped)
    torch.testing.assert_close(
        model(TOKENS, use_cache=False).logits,
        oracle(TOKENS, use_cache=False).logits,
        rtol=1e-5,
        atol=1e-5,
    )
    mask = torch.ones_like(TOKENS)
    mask[0, :3] = 0
    assert torch.equal(
        model.generate(TOKENS, attention_mask=mask, **SETTINGS),
        oracle.generate(TOKENS, attention_mask=mask, **SETTINGS),
    )
    dense = load_model(folder, device="cpu")
    assert model.num_parameters() == dense.num_parameters() - sum(
        parameter.numel()
        for sublayer in PrunableModel(dense).removable(dropped)
        for parameter in PrunableModel(dense).toggles[sublayer].module.parameters()
    )


@torch.inference_mode()
def test_slim_folders_reload(family, folder, tmp_path):
    dropped = dropped_of(family)
    export(folder, dropped, tmp_path / "slim", "slim")
    model = load_model(tmp_path / "slim", device="cpu")
    assert skipped(model.config) == PrunableModel(model).removable(dropped)
    expected = zeroed(family, dropped)(TOKENS, use_cache=False).logits
    torch.testing.assert_close(
        model(TOKENS, use_cache=False).logits, expected, rtol=1e-5, atol=1e-5
    )
    weights = load_file(tmp_path / "slim" / "model.slim.safetensors")
    dense = load_file(folder / "model.safetensors")
    assert set(weights) < set(dense)
    gone = sum(dense[name].numel() for name in set(dense) - set(weights))
    assert gone == tiny_model(family).num_parameters() - model.num_parameters()


def test_stock_loaders_refuse_a_slim_folder(llama, tmp_path):
    export(llama, BOTH, tmp_path / "slim", "slim", card="# A card\n")
    with pytest.raises(ValueError, match="keepfaith_slim"):
        AutoModelForCausalLM.from_pretrained(tmp_path / "slim")
    # Nor does the class itself read it, called by its name.
    with pytest.raises(OSError, match=r"no file named model\.safetensors"):
        LlamaForCausalLM.from_pretrained(tmp_path / "slim")
    dense = AutoConfig.from_pretrained(llama)
    with pytest.raises(OSError, match=r"no file named model\.safetensors"):
        AutoModelForCausalLM.from_pretrained(tmp_path / "slim", config=dense)
    assert (tmp_path / "slim" / "README.md").read_text() == "# A card\n"
    content = json.loads((tmp_path / "slim" / "config.json").read_text())
    assert content["per_layer_config"]["3"] == {"skip": ["attention", "mlp"]}
    # Told the real architecture, keepfaith's own check finds what a stock loader would have filled at random.
    content["model_type"] = content.pop("keepfaith_base_model_type")
    del content["per_layer_config"]
    (tmp_path / "slim" / "config.json").write_text(json.dumps(content))
    (tmp_path / "slim" / "model.slim.safetensors").rename(tmp_path / "slim" / "model.safetensors")
    with pytest.raises(LoadingError, match="weights are missing from the checkpoint"):
        load_model(tmp_path / "slim")


@torch.inference_mode()
def test_zero_filled_folders_load_anywhere(family, folder, tmp_path):
    dropped = dropped_of(family)
    export(folder, dropped, tmp_path / "zero", "zero_filled")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "zero").eval()
    expected = zeroed(family, dropped)(TOKENS, use_cache=False).logits
    torch.testing.assert_close(
        model(TOKENS, use_cache=False).logits, expected, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("name", ["llama", "gpt_neox"])
def test_a_slim_model_can_be_pruned_further(name, tmp_path):
    folder = saved(name, tmp_path)
    model = PrunableModel(load_model(folder, device="cpu", dropped=[Component(0)]))
    with torch.inference_mode(), model.dropping([Component(2)]):
        found = model.model(TOKENS, use_cache=False).logits
        expected = zeroed(name, [Component(0), Component(2)])(TOKENS, use_cache=False).logits
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_a_checkpoint_that_reloads_wrong_is_not_kept(llama, tmp_path, monkeypatch):
    right = zero_filled.FORMAT

    def forgets(source, dropped, target, dtype):
        right.write(source, dropped[1:], target, dtype)

    monkeypatch.setattr(zero_filled, "FORMAT", replace(right, write=forgets))
    with pytest.raises(ExportError, match="differs from the pruned model"):
        export(llama, BOTH, tmp_path / "zero", "zero_filled")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(
        ValueError, match=r"no export format 'onnx'.* There are nemotron_nas, slim, zero_filled"
    ):
        export(llama, BOTH, tmp_path / "x", "onnx")


def test_sublayers_have_names_for_messages():
    assert str(Sublayer(3, "mlp")) == "mlp of layer 3"


@pytest.mark.parametrize("format", EXPORT_FORMATS.names())
def test_weights_keep_their_dtype(format, tmp_path):
    settings = {**COMMON, "intermediate_size": 256}
    model = from_settings("llama", settings, dtype=torch.bfloat16)
    model.save_pretrained(tmp_path / "dense")
    byte_level_tokenizer().save_pretrained(tmp_path / "dense")
    export(tmp_path / "dense", [Component(1)], tmp_path / format, format)
    (file,) = (tmp_path / format).glob("*.safetensors")
    assert {value.dtype for value in load_file(file).values()} == {torch.bfloat16}
    assert EXPORT_FORMATS.load(format).load(tmp_path / format, "auto").dtype == torch.bfloat16


def test_a_slim_model_in_several_files_reloads(llama, tmp_path):
    load_model(llama, device="cpu", dropped=BOTH).save_pretrained(
        tmp_path / "slim", variant="slim", max_shard_size="20KB"
    )
    write_slim_config(tmp_path / "slim")
    byte_level_tokenizer().save_pretrained(tmp_path / "slim")
    assert len(list((tmp_path / "slim").glob("*.safetensors"))) > 1
    expected = load_model(llama, device="cpu", dropped=BOTH)(TOKENS).logits
    assert torch.equal(load_model(tmp_path / "slim", device="cpu")(TOKENS).logits, expected)


def test_a_model_that_is_no_causal_language_model_is_refused(llama, tmp_path):
    shutil.copytree(llama, tmp_path / "t5")
    content = json.loads((llama / "config.json").read_text()) | {
        "model_type": "t5",
        "architectures": ["T5ForConditionalGeneration"],
    }
    (tmp_path / "t5" / "config.json").write_text(json.dumps(content))
    with pytest.raises(LoadingError, match="a t5 is no causal language model of transformers"):
        load_model(tmp_path / "t5", device="cpu")
