"""Checkpoints are described like models, and refused where they cannot be asked what the dense model is asked."""

import json
from pathlib import Path

import pytest
import torch
from model_folders import change_json, copied
from safetensors.torch import load_file, save_file

from keepfaith.artifacts.schemas import CHECKPOINTS
from keepfaith.config.schema import Checkpoint
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.components import Component
from keepfaith.models.export import export
from keepfaith.models.prepare_levels import prepare_checkpoints
from keepfaith.models.sources import ModelError, ModelManifest, prepare_folder


@pytest.fixture(scope="module")
def dense() -> ModelManifest:
    return prepare_folder("builtin", CHECKPOINT, source="builtin")


def test_every_level_has_a_row(dense: ModelManifest, tmp_path: Path) -> None:
    export(CHECKPOINT, [Component(7), Component(6)], tmp_path / "slim", "slim")
    export(CHECKPOINT, [Component(7)], tmp_path / "zeros", "zero_filled")
    sources = {
        5: Checkpoint(path=str(tmp_path / "slim"), label="pruned"),
        2: Checkpoint(path=str(tmp_path / "zeros")),
    }
    table = prepare_checkpoints("made", dense, sources)
    assert dict(table.schema) == dict(CHECKPOINTS.columns)
    assert table.select("level", "label", "source", "model_type").rows() == [
        (0, "dense", "builtin", "llama"),
        (2, "zeros", "local", "llama"),
        (5, "pruned", "local", "keepfaith_slim"),
    ]
    assert table["files"][0] == dense.identity["files"] and table["files"].n_unique() == 3
    change_json(tmp_path / "slim" / "generation_config.json", max_length=9)
    again = prepare_checkpoints("made", dense, sources)
    assert (again["files"] == table["files"]).to_list() == [True, True, False]


def refusal(dense: ModelManifest, folder: Path) -> str:
    with pytest.raises(ModelError) as error:
        prepare_checkpoints("made", dense, {1: Checkpoint(path=str(folder))})
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_shorter_input_is_refused(dense: ModelManifest, tmp_path: Path) -> None:
    folder = copied(CHECKPOINT, tmp_path / "short")
    change_json(folder / "config.json", max_position_embeddings=64)
    message = refusal(dense, folder)
    assert message.startswith(f"order made, level 1: {folder} takes inputs of 64 tokens")
    assert str(CHECKPOINT) in message and f"of {dense.context_length}" in message
    change_json(folder / "config.json", max_position_embeddings=4096)
    assert prepare_checkpoints("made", dense, {1: Checkpoint(path=str(folder))}).height == 2


def test_fewer_embeddings_than_tokens_are_refused(dense: ModelManifest, tmp_path: Path) -> None:
    folder = copied(CHECKPOINT, tmp_path / "few")
    rows = dense.vocabulary - 1
    change_json(folder / "config.json", vocab_size=rows)
    weights = load_file(folder / "model.safetensors")
    cut = {
        name: weight[:rows].contiguous() if weight.shape[:1] == torch.Size([dense.vocabulary]) else weight
        for name, weight in weights.items()
    }  # fmt: skip
    save_file(cut, folder / "model.safetensors", metadata={"format": "pt"})
    message = refusal(dense, folder)
    assert f"has embeddings of {rows} tokens" in message and str(CHECKPOINT) in message


def test_another_tokenizer_is_refused(dense: ModelManifest, tmp_path: Path) -> None:
    folder = copied(CHECKPOINT, tmp_path / "other")
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = content["model"]["vocab"]
    one, other = sorted(vocabulary, key=vocabulary.get)[-2:]
    vocabulary[one], vocabulary[other] = vocabulary[other], vocabulary[one]
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    message = refusal(dense, folder)
    assert f"{folder / 'tokenizer.json'} is not the tokenizer of the dense model" in message


def test_a_quantised_checkpoint_gets_the_refusal_of_models(
    dense: ModelManifest, tmp_path: Path
) -> None:
    folder = copied(CHECKPOINT, tmp_path / "eight")
    change_json(folder / "config.json", quantization_config={"quant_method": "bitsandbytes"})
    assert "describes quantised weights" in refusal(dense, folder)


def test_a_pruned_export_is_still_no_dense_model(tmp_path: Path) -> None:
    export(CHECKPOINT, [Component(7)], tmp_path / "slim", "slim")
    with pytest.raises(ModelError, match=r"is a pruned export.*order of kind checkpoints"):
        prepare_folder("m", tmp_path / "slim")


def test_the_model_of_another_level_is_refused(dense: ModelManifest, tmp_path: Path) -> None:
    """Whatever it is called, and with another tokenizer_config.json beside it."""
    same = copied(CHECKPOINT, tmp_path / "8 bits")
    change_json(same / "generation_config.json", max_length=9)
    message = refusal(dense, same)
    assert f"{same} holds the same model as level 0 (dense), {CHECKPOINT}, bit for bit" in message
    export(CHECKPOINT, [Component(7)], tmp_path / "slim", "slim")
    twice = {level: Checkpoint(path=str(tmp_path / "slim"), label=f"{level}") for level in (1, 4)}
    with pytest.raises(ModelError, match=r"level 4: .* the same model as level 1 \(1\)"):
        prepare_checkpoints("made", dense, twice)
