"""A look at a model folder before any job: what is sound passes, and the advice that is given works."""

import json
from pathlib import Path

import pytest
from model_folders import GPT2_PATTERN, TEXT, byte_tokenizer, change_config, whole_folder

from keepfaith.config.architectures import known_to_transformers
from keepfaith.config.errors import ConfigError
from keepfaith.config.model_folder import check_model_folder, layer_count
from keepfaith.config.weights import counted, natural, weight_size, weights


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_folder(tmp_path_factory.mktemp("models") / "tiny")


def test_a_sound_folder_passes_and_its_weights_are_listed(saved: Path) -> None:
    check_model_folder("m", saved)
    found = weights(saved)
    names = [weight.name for weight in found]
    assert names == sorted(names, key=natural)
    assert {weight.dtype for weight in found} == {"F32"}
    shapes = {weight.name: weight.shape for weight in found}
    assert shapes["model.layers.3.mlp.down_proj.weight"] == (32, 64)
    numbers, size = weight_size(saved)
    assert size == 4 * numbers
    from keepfaith.models.loading import load_model

    assert numbers == sum(p.numel() for p in load_model(saved, device="cpu").parameters())


@pytest.mark.parametrize("kind", ["SentencePiece", "vocabulary and merges"])
def test_the_advice_on_tokenizers_is_followed(kind: str, saved: Path, tmp_path: Path) -> None:
    """The command of the refusal is run as it stands; the folder then passes."""
    folder = tmp_path / "m"
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes((saved / name).read_bytes())
    if kind == "SentencePiece":
        sentencepiece = pytest.importorskip(
            "sentencepiece", reason="sentencepiece is not installed"
        )
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([TEXT] * 50),
            model_prefix=str(folder / "tokenizer"),
            vocab_size=60,
            model_type="bpe",
            minloglevel=3,
        )
        (folder / "tokenizer.vocab").unlink()
        found = "tokenizer.model"
    else:
        change_config(folder, model_type="gpt2", architectures=["GPT2LMHeadModel"], n_layer=4)
        byte_tokenizer(GPT2_PATTERN, [TEXT]).model.save(str(folder))
        found = "merges.txt and vocab.json"
    with pytest.raises(
        ConfigError, match=f"has no tokenizer.json, only {found}; load and"
    ) as caught:
        check_model_folder("m", folder)
    command = str(caught.value).partition("transformers once: ")[2]
    assert command == (f"AutoTokenizer.from_pretrained('{folder}').save_pretrained('{folder}')")
    from transformers import AutoTokenizer

    eval(command, {"AutoTokenizer": AutoTokenizer})
    check_model_folder("m", folder)


def test_types_that_transformers_knows() -> None:
    """The list that is read quickly is the one that transformers uses, but for parts of models of sound."""
    from transformers import CONFIG_MAPPING, MODEL_FOR_CAUSAL_LM_MAPPING

    for kind in ("llama", "gpt_oss", "falcon", "deepseek_v3"):
        assert known_to_transformers(kind)
    for kind in ("own", None, 5, "keepfaith_slim"):
        assert not known_to_transformers(kind)
    assert len(MODEL_FOR_CAUSAL_LM_MAPPING) > 100
    types = {config.model_type for config in MODEL_FOR_CAUSAL_LM_MAPPING}
    assert [
        kind for kind in sorted(types & set(CONFIG_MAPPING)) if not known_to_transformers(kind)
    ] == []


def test_layers_that_predict_further_tokens_pass(saved: Path, tmp_path: Path) -> None:
    """As in DeepSeek-V3: layer 4 of 4 lies beyond the last and has weights of its own, which the class lets pass."""
    folder = tmp_path / "m"
    folder.mkdir()
    for file in saved.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    names = [f"model.layers.{layer}.norm.weight" for layer in range(5)]
    header = {
        name: {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
        for name in [*names, "model.layers.4.eh_proj.weight"]
    }
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    check_model_folder("m", folder)
    del header["model.layers.4.eh_proj.weight"]
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(
        ConfigError, match=r"1 weights .* no place .*, first model\.layers\.4\.norm"
    ):
        check_model_folder("m", folder)


def test_layers_of_a_tower_that_sees_are_not_counted(saved: Path, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    for file in saved.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    names = [f"language_model.layers.{n}.norm.weight" for n in range(4)]
    names += [f"vision_tower.layers.{n}.norm.weight" for n in range(9)]
    header = {name: {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for name in names}
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    check_model_folder("m", folder)
    assert layer_count("m", folder) == 4


def test_the_first_of_many_names_is_that_of_the_first_layer() -> None:
    sentence = counted(
        ["layers.10.w", "layers.2.w"], "are missing", {"layers.2.w": "a.safetensors"}
    )
    assert sentence.startswith("2 weights are missing, first layers.2.w (in a.safetensors); ")
