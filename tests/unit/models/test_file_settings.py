"""Settings in a folder's files that do not define the model: how it runs, what it returns, how it generates text."""

import json
import logging
from pathlib import Path

import pytest
import torch
from model_folders import change_config, change_json
from small_models import metaspace_tokenizer
from tokenizers import Tokenizer
from transformers import GenerationConfig

from keepfaith.config.model_folder import check_model_folder
from keepfaith.models.components import Component
from keepfaith.models.export import export
from keepfaith.models.loading import load_model, load_tokenizer
from keepfaith.models.removal import PrunableModel
from keepfaith.models.sources import ModelError, prepare_folder
from keepfaith.models.verification import refuse_failures, verify

TEXT = "The film was wonderful and the story was moving.\nQuestion: positive or negative?"


@pytest.mark.parametrize(
    "changes",
    [
        {"return_dict": False},
        {"output_attentions": True, "output_hidden_states": True},
        {"attn_implementation": "flash_attention_2"},
        {"_attn_implementation": "flash_attention_2"},
        {"attn_implementation": "eager", "torchscript": True, "use_cache": False},
    ],
)
def test_how_a_model_is_run_is_not_up_to_its_file(
    changes: dict[str, object], saved: Path, folder: Path
) -> None:
    change_config(folder, **changes)
    prepare_folder("m", folder)
    model = load_model(folder, device="cpu")
    assert model.config._attn_implementation == "sdpa"
    tokens = torch.arange(3, 20)[None]
    found = model(tokens)
    torch.testing.assert_close(found.logits, load_model(saved, device="cpu")(tokens).logits)
    assert found.attentions is None and found.hidden_states is None
    refuse_failures("m", verify(PrunableModel(model), ["attention"]), torch.float32)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"rope_parameters": None, "rope_scaling": {"type": "ntk", "factor": 4.0}},
            "transformers knows no 'ntk' at rope_scaling.type; correct that key",
        ),
        ({"hidden_act": "nope"}, "transformers knows no 'nope' at hidden_act; correct that key"),
        (
            {"pad_token_id": 100_000},
            "pad_token_id is 100000, and vocab_size leaves room for 0 to ",
        ),
        ({"attn_implementation": None, "hidden_act": "x.y"}, "no 'x.y' at hidden_act"),
    ],
)
def test_the_key_that_is_wrong_is_named(
    changes: dict[str, object], words: str, folder: Path
) -> None:
    change_config(folder, **changes)
    with pytest.raises(ModelError) as caught:
        prepare_folder("m", folder)
    message = str(caught.value)
    assert words in message and "of two models" not in message and "\n" not in message


@pytest.mark.parametrize(
    "content",
    [
        b'{"max_new_tokens": -1}',
        b'{"num_beams": 2, "num_return_sequences": 5}',
        b'{"compile_config": {"x": 1}}',
        b"{",
        b"[]",
    ],
)
def test_how_it_would_generate_is_noted_and_passed_over(
    content: bytes, saved: Path, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "generation_config.json").write_bytes(content)
    with caplog.at_level(logging.WARNING, "keepfaith"):
        prepare_folder("m", folder)
    (line,) = caplog.messages
    assert line.startswith(f"{folder}/generation_config.json: ") and "\n" not in line
    assert line.endswith("it is ignored, since keepfaith does not need it")
    model = load_model(folder, device="cpu")
    refuse_failures("m", verify(PrunableModel(model), ["attention"]), torch.float32)
    export(folder, [Component(1)], tmp_path / "zero", "zero_filled")
    written = json.loads((tmp_path / "zero" / "generation_config.json").read_text())
    assert written["eos_token_id"] == model.config.eos_token_id


def test_how_it_would_generate_is_kept_for_others(folder: Path, tmp_path: Path) -> None:
    """Sampling settings do not affect keepfaith's own runs, and are kept in exports."""
    GenerationConfig(do_sample=True, temperature=0.6, num_beams=3).save_pretrained(folder)
    assert not load_model(folder, device="cpu").generation_config.do_sample
    export(folder, [Component(1)], tmp_path / "slim", "slim")
    written = (tmp_path / "slim" / "generation_config.json").read_text()
    assert written == (folder / "generation_config.json").read_text()


def test_a_text_has_one_encoding(saved: Path, folder: Path) -> None:
    """Leaving out merges at random is meant for training; scores must not depend on it."""
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text())
    content["model"]["dropout"] = 0.3
    file.write_text(json.dumps(content))
    drawn = Tokenizer.from_file(str(file))
    assert len({tuple(drawn.encode(TEXT).ids) for _ in range(20)}) > 1  # the case at hand
    expected = load_tokenizer(saved).encode(TEXT)
    loaded = load_tokenizer(folder)
    assert all(loaded.encode(TEXT) == expected for _ in range(20))


@pytest.mark.parametrize(
    ("changes", "bos", "words"),
    [
        (
            {"add_bos_token": True},
            False,
            "add_bos_token is true, but tokenizer.json adds no BOS; texts are scored",
        ),
        (
            {"add_eos_token": True},
            True,
            "add_eos_token is true, but tokenizer.json adds no EOS; texts are scored",
        ),
        (
            {"add_bos_token": False},
            True,
            "add_bos_token is false, but tokenizer.json adds <s>; texts are scored",
        ),
        ({"add_bos_token": True, "add_eos_token": False}, True, ""),
        ({"add_bos_token": False}, False, ""),
        ({"add_bos_token": None}, False, ""),
    ],
)
def test_special_tokens_that_two_files_disagree_on_are_noted(
    changes: dict[str, object],
    bos: bool,
    words: str,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text())
    if not bos:
        content["post_processor"] = None
        file.write_text(json.dumps(content))
    change_json(folder / "tokenizer_config.json", **changes)
    with caplog.at_level(logging.WARNING, "keepfaith"):
        prepare_folder("m", folder)
    assert [words in line for line in caplog.messages] == ([True] if words else [])
    if words:
        side = "with" if "adds <s>" in words else "without"
        assert f"texts are scored {side} it, as tokenizer.json says" in caplog.messages[0]
    start = load_tokenizer(folder).encode("film")[0] == metaspace_tokenizer().bos_token_id
    assert start == bos  # it is so, as the note says


@pytest.mark.parametrize(
    "changes",
    [
        {"label2id": {"skip": 1, "keep": 0}, "id2label": {"0": "keep", "1": "skip"}},
        {"task_specific_params": {"x": {"skip": "a", "drop_layers": [1]}}},
        {"drop_block": 0.1, "layer_drop": 0.1, "drop_layers": 0.5, "remove_layers": None},
        {"custom": {"skip": [1], "no_op": True}},
    ],
)
def test_what_names_no_layers_leaves_none_out(changes: dict[str, object], folder: Path) -> None:
    change_config(folder, **changes)
    check_model_folder("m", folder)
    prepare_folder("m", folder)
