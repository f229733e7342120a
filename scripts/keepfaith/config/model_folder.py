"""A look at a model folder without loading it: are its files there, safe and whole?"""

import json
import math
from pathlib import Path
from typing import Any

from keepfaith.config.errors import ConfigError

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
MODEL_SUFFIXES = (".safetensors", ".json", ".model", ".txt")
SLIM_TYPE = "keepfaith_slim"
"""The model type of an exported folder that lacks the weights of what was dropped; stock loaders do not know it."""

TOKENIZERS = ("tokenizer.json", "tokenizer.model", "spiece.model", "vocab.json")


def model_files(folder: Path) -> list[Path]:
    """The files that a model may be loaded from, so that a change of one can be noticed."""
    return sorted(path for path in folder.glob("*") if path.suffix in MODEL_SUFFIXES)


def read_configuration(place: str, folder: Path) -> dict[str, Any]:
    """The content of a model folder's config.json.

    Raises:
        ConfigError: the folder or the file is missing or broken.
    """
    if not folder.is_dir():
        raise ConfigError(place, f"there is no folder {folder}; check its path and folders.models")
    file = folder / "config.json"
    if not file.is_file():
        raise ConfigError(
            place, f"{folder} has no config.json; name the folder that save_pretrained wrote"
        )
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(place, f"{file} is broken JSON ({error}); copy it again") from error
    if not isinstance(content, dict):
        raise ConfigError(place, f"{file} holds no object; copy it again")
    return content


def unusable(content: dict[str, Any]) -> str | None:
    """Why a model with this config.json cannot be studied, and what to do instead; None if it can."""
    if "auto_map" in content:
        return "asks to run its own code (auto_map); use a model that transformers knows"
    if content.get("model_type") == SLIM_TYPE:
        return (
            "is a pruned export, whose levels would count from there; use the dense model it was made from, with the "
            "same order"
        )
    if quantised := content.get("quantization_config"):
        method = quantised.get("quant_method") if isinstance(quantised, dict) else None
        return (
            f"is quantised ({method or 'quantization_config'}), and neither the self-test nor gradients are defined on "
            "such weights; use the checkpoint it was made from"
        )
    if content.get("is_encoder_decoder"):
        return "is an encoder-decoder; use a decoder-only language model"
    return None


def layer_count(place: str, folder: Path) -> int:
    """Attention layers that config.json speaks of.

    Raises:
        ConfigError: the file is missing or broken or gives no number.
    """
    content = read_configuration(place, folder)
    # Models that also see or hear keep the language part one level down.
    text = content.get("text_config") or content
    for key in ("num_hidden_layers", "n_layer", "n_layers", "num_layers"):
        if isinstance(text.get(key), int) and text[key] > 0:
            return int(text[key])
    raise ConfigError(
        place,
        f"{folder / 'config.json'} gives no num_hidden_layers; use a decoder-only language model",
    )


def check_model_folder(place: str, folder: Path) -> None:
    """Check that a folder holds a whole model that loads without running code.

    Raises:
        ConfigError: config.json, tokenizer or safetensors are missing or broken, or code of its own is asked for.
    """
    if reason := unusable(read_configuration(place, folder)):
        raise ConfigError(place, f"{folder} {reason}")
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
        found = f"only {pickles[0]}, a pickle that may run code" if pickles else "no weights"
        raise ConfigError(
            place,
            f"{folder} holds {found}; save it with save_pretrained, which writes model.safetensors",
        )
    for index in folder.glob("*.safetensors.index.json"):
        try:
            wanted = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(place, f"{index} is no index of weights; copy it again") from error
        if missing := sorted(wanted - {path.name for path in weights}):
            raise ConfigError(
                place, f"{folder} lacks {missing[0]}, named in {index.name}; copy it too"
            )
    if not weight_files(folder):
        raise ConfigError(
            place,
            f"{folder} holds {weights[0].name}, but neither model.safetensors nor its index; "
            "save it with save_pretrained",
        )
    for path in weights:
        _check_weights(place, path)
    if not any((folder / name).is_file() for name in TOKENIZERS):
        raise ConfigError(
            place, f"{folder} has no tokenizer.json; save the tokenizer into the same folder"
        )


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that transformers loads a model from: the one, or those of the index; no copies."""
    whole = folder / "model.safetensors"
    if whole.is_file():
        return [whole]
    index = folder / f"{whole.name}.index.json"
    if not index.is_file():
        return []
    weight_map = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    return [folder / name for name in sorted(set(weight_map.values()))]


def weight_size(folder: Path) -> tuple[int, int]:
    """How many numbers a folder's weights are, and how many bytes; it must have passed `check_model_folder`."""
    numbers = size = 0
    for path in weight_files(folder):
        for tensor in _header(path)[1].values():
            numbers += math.prod(tensor["shape"])
            start, end = tensor["data_offsets"]
            size += end - start
    return numbers, size


def _header(path: Path) -> tuple[int, dict[str, Any]]:
    """Bytes before a safetensors file's numbers, and what it says of every tensor.

    The file is eight bytes of header length, a JSON header, then as many bytes as it announces.
    """
    with path.open("rb") as handle:
        length = int.from_bytes(handle.read(8), "little")
        if not 2 <= length <= path.stat().st_size - 8:
            raise ValueError("its header is longer than the file")
        header: dict[str, Any] = json.loads(handle.read(length))
    header.pop("__metadata__", None)
    return 8 + length, header


def _check_weights(place: str, path: Path) -> None:
    try:
        start, header = _header(path)
        end = start + max((entry["data_offsets"][1] for entry in header.values()), default=0)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            place, f"{path} is no safetensors file ({error}); fetch it again (a Git LFS pointer?)"
        ) from error
    if (size := path.stat().st_size) != end:
        raise ConfigError(place, f"{path} is cut short: {size} bytes of {end}; fetch it again")
