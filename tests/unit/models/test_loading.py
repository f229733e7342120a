"""Token ids are those of tokenizer.json, regardless of other files; the roles of tokens in these files are kept."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from model_folders import (
    GPT2_PATTERN,
    LLAMA3_PATTERN,
    TEXT,
    byte_tokenizer,
    change_json,
)
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from zoo import COMMON

from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.components import Component
from keepfaith.models.errors import LoadingError
from keepfaith.models.export import export
from keepfaith.models.loading import load_tokenizer

SHARED = Path(__file__).resolve().parents[4] / "shared" / "models"
MIXED = "  Ünïcode 火 😀\ttabs\n\n\nLINES 3.14159 1999!! don't WON'T  end  \n"
EOS = "<|endoftext|>"


def folder_of(path: Path, tokenizer: Tokenizer, model_type: str, **configuration: object) -> Path:
    """A folder with this tokenizer.json and a tokenizer_config.json of these keys."""
    path.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path / "tokenizer.json"))
    (path / "config.json").write_text(json.dumps({"model_type": model_type}))
    (path / "tokenizer_config.json").write_text(json.dumps({"eos_token": EOS} | configuration))
    return path


def ids_by_file(folder: Path, text: str) -> list[int]:
    ids: list[int] = (
        Tokenizer.from_file(str(folder / "tokenizer.json"))
        .encode(text, add_special_tokens=False)
        .ids
    )
    return ids


def ids_by_class(folder: Path, text: str) -> list[int]:
    loaded = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    ids: list[int] = loaded.encode(text, add_special_tokens=False)
    return ids


@pytest.mark.parametrize(
    ("pattern", "model_type", "named", "by_file", "by_class"),
    [
        # Qwen2's class splits digits one by one, the file keeps years whole.
        (GPT2_PATTERN, "qwen2", "Qwen2Tokenizer", 17, 25),
        # GPT-2's class parts a full stop from the line end after it, the file does not.
        (LLAMA3_PATTERN, "llama", "GPT2Tokenizer", 19, 21),
    ],
)
def test_ids_are_those_of_the_file_and_not_of_the_class(
    pattern: str, model_type: str, named: str, by_file: int, by_class: int, tmp_path: Path
) -> None:
    folder = folder_of(
        tmp_path / "m", byte_tokenizer(pattern, [TEXT]), model_type, tokenizer_class=named
    )
    assert len(ids_by_class(folder, TEXT)) == by_class
    loaded = load_tokenizer(folder)
    assert len(loaded.encode(TEXT, add_special_tokens=False)) == by_file
    for text in (TEXT, MIXED, TEXT + EOS + MIXED):
        assert loaded.encode(text, add_special_tokens=False) == ids_by_file(folder, text)
    assert (loaded.eos_token, loaded.eos_token_id) == (EOS, 0)


def test_an_export_has_the_ids_of_the_file_for_every_loader(tmp_path: Path) -> None:
    """A pruned checkpoint of a folder whose tokenizer class splits differently."""
    tokenizer = byte_tokenizer(LLAMA3_PATTERN, [TEXT])
    folder = folder_of(tmp_path / "m", tokenizer, "llama", tokenizer_class="GPT2Tokenizer")
    torch.manual_seed(0)
    config = AutoConfig.for_model("llama", **(COMMON | {"vocab_size": tokenizer.get_vocab_size()}))
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    assert ids_by_class(folder, TEXT) != ids_by_file(folder, TEXT)
    export(folder, [Component(1)], tmp_path / "zero", "zero_filled")
    for text in (TEXT, MIXED + EOS):
        assert ids_by_class(tmp_path / "zero", text) == ids_by_file(folder, text)
        assert ids_by_file(tmp_path / "zero", text) == ids_by_file(folder, text)
    assert AutoTokenizer.from_pretrained(tmp_path / "zero").eos_token == EOS


def name_padding(folder: Path) -> None:
    """An ordinary token is named for padding, as for models that lack one: it would no longer merge."""
    change_json(folder / "tokenizer_config.json", pad_token="!")


def add_word(folder: Path) -> None:
    """A token that the file lacks, as of another fine-tuning: it would get the first id beyond the vocabulary."""
    token = {"content": "negative", "special": False, "normalized": True}
    change_json(folder / "tokenizer_config.json", added_tokens_decoder={"9999": token})


def name_another_file(folder: Path) -> None:
    """A file for some version of transformers, in addition to the one in the folder's digest."""
    byte_tokenizer(r"\p{N}|[^\p{N}]+", ["0123456789"]).save(str(folder / "tokenizer.4.0.0.json"))
    change_json(
        folder / "tokenizer_config.json",
        fast_tokenizer_files=["tokenizer.json", "tokenizer.4.0.0.json"],
    )


def split_special(folder: Path) -> None:
    """Special tokens in a text would be read letter by letter."""
    change_json(folder / "tokenizer_config.json", split_special_tokens=True)


@pytest.mark.parametrize("spoil", [name_padding, add_word, name_another_file, split_special])
def test_no_other_file_changes_the_ids(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    corpus = [TEXT, "Great!! Wow!!", "no!!"]
    folder = folder_of(tmp_path / "m", byte_tokenizer(GPT2_PATTERN, corpus), "llama")
    spoil(folder)
    text = f"Wow!!{EOS} is a negative answer, 1999.\n"
    assert ids_by_class(folder, text) != ids_by_file(folder, text)
    loaded = load_tokenizer(folder)
    for one in (text, TEXT, MIXED):
        assert loaded.encode(one, add_special_tokens=False) == ids_by_file(folder, one)
        assert loaded(one, add_special_tokens=False)["input_ids"] == ids_by_file(folder, one)


def test_a_longest_input_in_the_file_cuts_nothing(tmp_path: Path) -> None:
    tokenizer = byte_tokenizer(GPT2_PATTERN, [TEXT])
    whole = tokenizer.encode(TEXT).ids
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=64)
    folder = folder_of(tmp_path / "m", tokenizer, "llama")
    assert load_tokenizer(folder).encode(TEXT, add_special_tokens=False) == whole


@pytest.mark.parametrize("name", ["builtin", "stories260K", "babyllama105"])
def test_known_models_keep_ids_and_special_tokens(name: str) -> None:
    folder = CHECKPOINT if name == "builtin" else SHARED / name
    if not folder.is_dir():
        pytest.skip(f"{name} is not at hand: no folder shared/models beside the project")
    loaded = load_tokenizer(folder)
    usual = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    for text in (TEXT, MIXED, f"<s>{TEXT}</s><unk>"):
        assert loaded.encode(text) == usual.encode(text)
        assert loaded.encode(text, add_special_tokens=False) == ids_by_file(folder, text)
        assert loaded.decode(loaded.encode(text)) == usual.decode(usual.encode(text))
    for key in ("special_tokens_map", "all_special_ids", "chat_template", "model_max_length"):
        assert getattr(loaded, key) == getattr(usual, key), key
    assert loaded.bos_token_id == 1 and loaded.eos_token_id == 2


def test_special_tokens_the_file_lacks_are_refused_or_forgotten(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path / "m", byte_tokenizer(GPT2_PATTERN, [TEXT]), "llama", pad_token="[PAD]"
    )
    loaded = load_tokenizer(folder)
    assert loaded.pad_token is None
    assert loaded.all_special_ids == [0]
    change_json(folder / "tokenizer_config.json", eos_token="<|im_end|>")
    with pytest.raises(
        LoadingError, match=r"eos_token is '<\|im_end\|>' in .*json has no such token; name one"
    ):
        load_tokenizer(folder)


def test_bos_and_eos_of_config_json_count_where_no_tokenizer_file_names_one(tmp_path: Path) -> None:
    """As in the repository of GPT-2; an ordinary token is never taken, since configurations have defaults."""
    folder = folder_of(tmp_path / "m", byte_tokenizer(GPT2_PATTERN, [TEXT]), "gpt2")
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 1024}')
    change_json(folder / "config.json", bos_token_id=0, eos_token_id=[0, 5])
    loaded = load_tokenizer(folder)
    assert (loaded.bos_token, loaded.eos_token_id, loaded.model_max_length) == (EOS, 0, 1024)
    assert loaded.encode(TEXT) == ids_by_file(folder, TEXT)
    change_json(folder / "config.json", bos_token_id=1, eos_token_id=2)
    assert load_tokenizer(folder).bos_token is None


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("tokenizer.json", "version https://git-lfs", "is not a JSON object; fetch it again"),
        ("tokenizer.json", "{", "tokenizer.json: .*; copy it again"),
        ("tokenizer.json", '{"version": "1.0"}', "tokenizer.json: .*; copy it again"),
        ("tokenizer_config.json", "{", "tokenizer_config.json: JSONDecodeError.*; copy it again"),
        ("tokenizer_config.json", "[]", "tokenizer_config.json: .*; copy it again"),
    ],
)
def test_broken_files_end_in_one_line(file: str, content: str, words: str, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "m", byte_tokenizer(GPT2_PATTERN, [TEXT]), "llama")
    (folder / file).write_text(content)
    with pytest.raises(LoadingError, match=words) as caught:
        load_tokenizer(folder)
    assert "\n" not in str(caught.value)


def test_code_of_the_tokenizers_own_is_not_needed_and_not_run(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "m", byte_tokenizer(GPT2_PATTERN, [TEXT]), "llama")
    change_json(
        folder / "tokenizer_config.json",
        auto_map={"AutoTokenizer": ["own.OwnTokenizer", None]},
        tokenizer_class="OwnTokenizer",
    )
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    assert load_tokenizer(folder).encode(TEXT) == ids_by_file(folder, TEXT)
    assert not (tmp_path / "ran").exists()
