"""For any content of a folder's JSON files, loading works or ends in the project's one line, never in another error."""

import json
import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from model_folders import copied, whole_folder
from small_models import byte_level_tokenizer
from tokenizers import Tokenizer, models, pre_tokenizers
from tokenizers_at_hand import opening_tokenizer, wordpiece_tokenizer
from transformers import GenerationConfig
from zoo import tiny_model

from keepfaith.config.errors import ConfigError
from keepfaith.config.model_folder import check_model_folder
from keepfaith.models.errors import LoadingError
from keepfaith.models.loading import load_model, load_tokenizer
from keepfaith.models.sources import ModelError, prepare_folder
from keepfaith.scoring.encoding import EncodingError, PromptEncoder

INDEX = "model.safetensors.index.json"
VALUES: list[Any] = [
    None, True, -1, 0, 2, 0.5, 10**12, 10**30, "", "nonsense", "\ud800", [], {}, [None], [[1]], [{}],
    {"a": 1}, {"type": "nonsense"}, ["llama"], 1e308,
]  # fmt: skip
"""Replacements for a value; a value is also deleted, doubled and swapped with its neighbour."""


def keys(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Keys of all values, except most of a long list's."""
    entries = content.items() if isinstance(content, dict) else ()
    if isinstance(content, list):
        entries = list(enumerate(content))[:2]
    elif isinstance(content, dict) and len(content) > 60:
        entries = list(content.items())[:3]
    for key, value in entries:
        yield (*path, key)
        yield from keys(value, (*path, key))


def mutated(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy with one value changed; the value `mutated` itself deletes it."""
    again = json.loads(json.dumps(content))
    inside = again
    for key in path[:-1]:
        inside = inside[key]
    if value is mutated:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    return again


def header_of(file: Path) -> tuple[Any, bytes]:
    content = file.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def write(file: Path, content: Any, numbers: bytes) -> None:
    text = json.dumps(content).encode()
    file.write_bytes((struct.pack("<Q", len(text)) + text + numbers) if numbers else text)


def loads_or_says_why(folder: Path) -> str | None:
    """The project's error for the folder; None if it loads and can be used."""
    try:
        check_model_folder("m", folder)
    except ConfigError as error:
        return str(error)
    try:
        prepare_folder("m", folder)
    except ModelError as error:
        return str(error)
    model, tokenizer = load_model(folder, device="cpu"), load_tokenizer(folder)
    encoder = PromptEncoder(tokenizer, 64)
    try:
        encoded = encoder.encode("the film was not good", [" yes", " no"], "example 1")
    except EncodingError as error:
        return str(error)
    rows = model.get_input_embeddings().weight.shape[0]
    if max(encoded.prompt_ids) < rows:
        model(torch.tensor([encoded.prompt_ids]))
    return None


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A Llama, the same in shards, and a GPT-2 with tokenizers of other kinds."""
    root = tmp_path_factory.mktemp("models")
    made = {
        "whole": whole_folder(root / "whole"),
        "shards": copied(root / "whole", root / "shards"),
    }
    load_model(made["whole"], device="cpu").save_pretrained(root / "shards", max_shard_size="40KB")
    (root / "shards" / "model.safetensors").unlink()
    makers = {"gpt2": opening_tokenizer, "falcon": wordpiece_tokenizer, "opt": byte_level_tokenizer}
    for family, tokenizer in makers.items():
        tiny_model(family).save_pretrained(root / family)
        tokenizer().save_pretrained(root / family)
        made[family] = root / family
    for folder in made.values():
        GenerationConfig(max_new_tokens=4).save_pretrained(folder)
    return made


CASES = [
    ("whole", "config.json"), ("gpt2", "config.json"), ("falcon", "config.json"),
    ("whole", "tokenizer.json"), ("gpt2", "tokenizer.json"), ("falcon", "tokenizer.json"),
    ("whole", "tokenizer_config.json"), ("opt", "tokenizer_config.json"),
    ("whole", "generation_config.json"), ("shards", INDEX), ("whole", "model.safetensors"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "file"), CASES)
def test_any_value_of_any_file(
    name: str, file: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = copied(folders[name], tmp_path / "m")
    numbers = b""
    if file == "model.safetensors":
        content, numbers = header_of(folder / file)
    else:
        content = json.loads((folder / file).read_text())
    rng = random.Random(f"{name}/{file}")
    every = [(key, value) for key in keys(content) for value in [*VALUES, mutated]]
    for key, value in rng.sample(every, min(len(every), 60)):
        write(folder / file, mutated(content, key, value), numbers)
        try:
            said = loads_or_says_why(folder)
        except BaseException as error:
            error.add_note(f"{file}: {key} is {value!r}")
            raise
        assert said is None or ("\n" not in said and len(said) < 1500), said
    write(folder / file, content, numbers)
    assert loads_or_says_why(folder) is None


@pytest.mark.parametrize("file", sorted({file for _, file in CASES}))
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 99999, b'"a"'])
def test_files_that_hold_something_else(
    file: str, content: bytes, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = copied(folders["shards" if file == INDEX else "whole"], tmp_path / "m")
    (folder / file).write_bytes(content)
    said = loads_or_says_why(folder)
    if file == "generation_config.json":  # keepfaith needs none
        assert said is None
        return
    assert said is not None and file in said and "\n" not in said


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        ("WordLevel", models.WordLevel({"a": 0, "1": 1}, unk_token="<unk>")),
        ("WordPiece", models.WordPiece({"a": 0, "1": 1}, unk_token="[UNK]")),
        ("BPE", models.BPE({"a": 0, "1": 1}, [], unk_token="<unk>")),
        ("Unigram", models.Unigram([("a", -1.0), ("1", -1.0)])),
    ],
)
def test_an_unknown_token_that_is_none_of_the_tokens(
    kind: str, model: Any, folders: dict[str, Path], tmp_path: Path
) -> None:
    """Found when the folder is prepared, not at the first text that has an unknown character."""
    folder = copied(folders["whole"], tmp_path / "m")
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text("{}")
    said = loads_or_says_why(folder)
    assert said is not None and "tokenizer.json: Exception: " in said, kind
    assert said.endswith(
        "; give its model an unk_token that is in its vocabulary, or copy it again from the checkpoint"
    )


@pytest.mark.parametrize("kind", ["overlap", "hole", "order", "size"])
def test_tensors_that_do_not_lie_one_behind_the_other(
    kind: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = copied(folders["whole"], tmp_path / "m")
    content, numbers = header_of(folder / "model.safetensors")
    first, second, *_ = sorted(
        (name for name in content if name != "__metadata__"),
        key=lambda name: content[name]["data_offsets"],
    )
    one, other = content[first]["data_offsets"], content[second]["data_offsets"]
    if kind == "overlap":
        other[0] -= 4
    elif kind == "hole":
        one[1] -= 4
    elif kind == "order":
        other.reverse()
    else:
        content[first]["shape"] = [3]
    write(folder / "model.safetensors", content, numbers)
    with pytest.raises(
        ConfigError, match=r"model\.safetensors is not a safetensors file \(.*its hea"
    ):
        check_model_folder("m", folder)
    with pytest.raises(LoadingError, match="header"):
        load_model(folder, device="cpu")


@pytest.mark.parametrize("metadata", [[[1]], {"format": 1}, "pt", [1]])
def test_metadata_that_is_no_object_of_texts(
    metadata: Any, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = copied(folders["whole"], tmp_path / "m")
    content, numbers = header_of(folder / "model.safetensors")
    write(folder / "model.safetensors", content | {"__metadata__": metadata}, numbers)
    with pytest.raises(ConfigError, match="__metadata__ is not an object of texts"):
        check_model_folder("m", folder)


def test_a_header_that_only_python_reads(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(folders["whole"], tmp_path / "m")
    content, numbers = header_of(folder / "model.safetensors")
    write(folder / "model.safetensors", content | {"__metadata__": {"format": "\ud800"}}, numbers)
    with pytest.raises(
        ConfigError, match=r"model\.safetensors is not a safetensors file \(.*surrogates"
    ):
        check_model_folder("m", folder)


def test_a_special_token_whose_id_is_no_token(folders: dict[str, Path], tmp_path: Path) -> None:
    """BOS is added by its id, but the vocabulary gives its name another id."""
    folder = copied(folders["whole"], tmp_path / "m")
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text())
    content["model"]["vocab"]["<s>"] = 0
    file.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r"tokenizer\.json: .*adds id 1 to every text, but none"):
        prepare_folder("m", folder)


@pytest.mark.parametrize("kind", [["llama"], {"a": 1}, 5, True, None])
def test_a_model_type_that_is_no_text(
    kind: object, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = copied(folders["whole"], tmp_path / "m")
    content = json.loads((folder / "config.json").read_text()) | {"model_type": kind}
    for auto_map in ({}, {"AutoConfig": "own.C"}):
        (folder / "config.json").write_text(json.dumps(content | {"auto_map": auto_map}))
        with pytest.raises(ConfigError, match=r"config\.json"):
            check_model_folder("m", folder)
