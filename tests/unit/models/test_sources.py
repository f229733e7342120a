"""A model folder is described or refused, in one line."""

import json

import pytest
from small_models import metaspace_tokenizer, tiny_llama

from keepfaith.config.model_files import is_model_file
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.errors import LoadingError
from keepfaith.models.loading import choose_device, load_model, load_tokenizer
from keepfaith.models.prepare import prepare_model
from keepfaith.models.sources import (
    ModelError,
    ModelManifest,
    prepare_folder,
    sha256,
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tokenizer = metaspace_tokenizer()
    tiny_llama(len(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to damage."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in saved.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    return copy


def test_manifest_describes_the_folder_and_round_trips(saved, tmp_path):
    manifest = prepare_folder("tiny", saved)
    assert (manifest.layers, manifest.context_length, manifest.model_type) == (4, 256, "llama")
    assert manifest.vocabulary == len(metaspace_tokenizer())
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(manifest.files)
    assert manifest.files["config.json"] == sha256(saved / "config.json")
    manifest.write(tmp_path / "model.json")
    assert ModelManifest.read(tmp_path / "model.json") == manifest


def test_the_shipped_model_is_where_the_keepfaith_that_reads_it_is(tmp_path):
    """Whatever has moved since: the folder is not written."""
    manifest = prepare_model("m", {"kind": "builtin"})
    manifest.write(tmp_path / "model.json")
    assert str(CHECKPOINT) not in (tmp_path / "model.json").read_text(encoding="utf-8")
    assert ModelManifest.read(tmp_path / "model.json") == manifest


def test_identity_does_not_depend_on_the_place(saved, folder):
    assert prepare_folder("tiny", saved).identity == prepare_folder("tiny", folder).identity


def test_sources_by_kind(saved):
    local = prepare_model("m", {"kind": "local", "path": str(saved)})
    assert local.source == "local"
    builtin = prepare_model("m", {"kind": "builtin"})
    assert (builtin.source, builtin.files) == ("builtin", prepare_folder("m", CHECKPOINT).files)
    with pytest.raises(ModelError, match="of kind train is trained, not prepared"):
        prepare_model("m", {"kind": "train"})


def test_only_pickles_are_refused(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(
        ModelError, match=r"only pytorch_model.bin.*save it with save_pretrained, which writes"
    ):
        prepare_folder("m", folder)


def test_missing_parts_are_named(folder, tmp_path):
    with pytest.raises(ModelError, match="no folder"):
        prepare_folder("m", tmp_path / "nowhere")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"no tokenizer\.json"):
        prepare_folder("m", folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="holds no weights"):
        prepare_folder("m", folder)
    (folder / "config.json").unlink()
    with pytest.raises(ModelError, match=r"no config\.json"):
        prepare_folder("m", folder)


def test_missing_shard_is_named(folder):
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match=r"lacks model-2\.safetensors, named in .*; copy it too"):
        prepare_folder("m", folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"auto_map": {"AutoModel": "code.Model"}, "model_type": "own"},
            r"asks to run its own code \(auto_map in config\.json\), .* knows no model_type 'own'",
        ),
        (
            {"quantization_config": {"quant_method": "gptq"}},
            r"the weights are plain F32: delete quantization_config",
        ),
        ({"is_encoder_decoder": True}, "is an encoder-decoder; use a decoder-only"),
        ({"model_type": "keepfaith_slim"}, "is a pruned export, .* use the dense model"),
        ({"model_type": None}, "names no model_type"),
        ({"num_hidden_layers": None}, "gives no num_hidden_layers"),
    ],
)
def test_bad_configurations_are_refused(folder, change, message):
    configuration = json.loads((folder / "config.json").read_text())
    configuration.update(change)
    kept = {key: value for key, value in configuration.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(kept))
    with pytest.raises(ModelError, match=message):
        prepare_folder("m", folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelError, match="is broken JSON"):
        prepare_folder("m", folder)


def test_only_weights_configuration_and_tokenizer_are_fetched():
    assert all(
        map(is_model_file, ["model-00001-of-2.safetensors", "config.json", "tokenizer_config.json"])
    )
    others = ["pytorch_model.bin", "modeling_x.py", "model.gguf", "README.md"]
    assert not any(map(is_model_file, [*others, "consolidated.safetensors"]))


def test_loading_is_ready_to_evaluate(saved):
    model = load_model(saved, "float64", "cpu")
    assert not model.training
    assert str(model.dtype) == "torch.float64"
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert load_tokenizer(saved).is_fast


def test_checkpoint_without_some_weights_is_refused(folder):
    """transformers would fill them at random and say so in a log."""
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights.pop("model.layers.1.self_attn.q_proj.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(LoadingError, match=r"1 weights are missing.*layers\.1\.self_attn\.q_proj"):
        load_model(folder, device="cpu")


def test_device_that_is_not_there(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    with pytest.raises(LoadingError, match="no CUDA device"):
        choose_device("cuda")
