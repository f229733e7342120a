"""Model folders on disk, whole ones to be spoilt: how they are made, and how their files are changed."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from small_models import metaspace_tokenizer, tiny_llama

TEXT = "Sales fell 2020 after 1999.\nQuestion: positive or negative?\nAnswer: negative"
GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)


def whole_folder(folder: Path) -> Path:
    """A Llama of four layers, as save_pretrained writes it."""
    tokenizer = metaspace_tokenizer()
    tiny_llama(len(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def copied(source: Path, target: Path) -> Path:
    """The files of a folder in a new one."""
    target.mkdir(parents=True)
    for file in source.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def change_json(file: Path, **changes: object) -> None:
    """Set keys of a JSON file; None deletes one."""
    content = json.loads(file.read_text()) | changes
    kept = {key: value for key, value in content.items() if value is not None}
    file.write_text(json.dumps(kept))


def change_config(folder: Path, **changes: object) -> None:
    change_json(folder / "config.json", **changes)


def change_weights(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrite model.safetensors after `change` has edited the tensors by name."""
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def retype_weight(folder: Path, name: str, dtype: str, size: int) -> None:
    """Give one weight of model.safetensors another dtype of `size` bytes a number, its numbers all zero."""
    path = folder / "model.safetensors"
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    start, parts = 0, []
    for key, entry in header.items():
        if key == "__metadata__":
            continue
        low, high = entry["data_offsets"]
        data = content[8 + length + low : 8 + length + high]
        if key == name:
            numbers = 1
            for extent in entry["shape"]:
                numbers *= extent
            entry["dtype"], data = dtype, bytes(numbers * size)
        entry["data_offsets"] = [start, start + len(data)]
        start += len(data)
        parts.append(data)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def byte_tokenizer(pattern: str, corpus: list[str]) -> Any:
    """A byte-level BPE tokenizer that splits by `pattern` and knows every piece of `corpus`."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus * 3, trainer)
    return tokenizer
