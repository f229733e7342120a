"""Checks of a model folder without loading the model; `model_files` lists its files.

A folder needs config.json of a model that transformers knows, tokenizer.json, and complete safetensors of plain numbers
(see `weights`). Local folders are checked before any job, rule prepare_model checks every folder again, and the loaders
read the files that are named here.
"""

import json
import re
from pathlib import Path
from typing import Any

from keepfaith.config.architectures import known_to_transformers, layers_of_class
from keepfaith.config.contradictions import contradiction
from keepfaith.config.errors import ConfigError, shown
from keepfaith.config.files import unreadable
from keepfaith.config.model_files import (
    CHAT_TEMPLATE,
    CONFIG,
    TOKENIZER,
    TOKENIZER_CONFIG,
    FileListing,
)
from keepfaith.config.places import unexpanded
from keepfaith.config.weight_header import Weight
from keepfaith.config.weights import (
    LEFT_OVER,
    TWO_MODELS,
    check_weights,
    counted,
    dtypes_of,
    not_plain,
)

SLIM_TYPE = "keepfaith_slim"
"""The model type of an exported folder that lacks the weights of what was dropped; stock loaders do not know it."""

SLIM_VARIANT = "slim"
"""Middle part of the names of its weight files: transformers calls weights under another file name a variant."""

BASE_TYPE = "keepfaith_base_model_type"
"""Key of its configuration that holds the real model type."""

LAYER_KEYS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
QUANTISED_KEYS = ("quantization_config", "compression_config")
LAYER_NAME = re.compile(r"^(.*?)(?<![^.])(layers|layer|h|blocks|block)\.(\d+)\.(.+)$")


def read_configuration(location: str, folder: Path) -> dict[str, Any]:
    """The content of a model folder's config.json.

    Raises:
        ConfigError: the folder or the file is missing or broken, or the folder is an adapter.
    """
    if not folder.is_dir():
        raise ConfigError(
            location,
            f"there is no folder {folder}{unexpanded(folder)}; check its path and folders.models",
        )
    if problem := FileListing.of_folder(folder).no_model():
        raise ConfigError(location, problem)
    return _read_object(location, folder / CONFIG)


def _read_object(location: str, file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(location, f"{file} is broken JSON ({error}); copy it again") from error
    except OSError as error:
        raise ConfigError(location, str(unreadable(file, error))) from error
    if not isinstance(content, dict):
        raise ConfigError(location, f"{file} holds no JSON object; copy it again")
    return content


def text_part(content: dict[str, Any]) -> dict[str, Any]:
    """The block of a config.json on the language model; multimodal models have it one level down."""
    text = content.get("text_config")
    return text if isinstance(text, dict) and text else content


def model_type(location: str, folder: Path) -> str:
    """Type of the language model in a folder that `check_description` admits.

    Raises:
        ConfigError: as `read_configuration`.
    """
    content = read_configuration(location, folder)
    if content.get("model_type") == SLIM_TYPE:
        return str(content.get(BASE_TYPE))
    return str(text_part(content).get("model_type", content.get("model_type")))


def layer_count(location: str, folder: Path) -> int:
    """Number of attention layers according to config.json.

    Raises:
        ConfigError: the file is missing or broken or gives no number.
    """
    content = read_configuration(location, folder)
    text = text_part(content)
    values = [text[key] for key in LAYER_KEYS if text.get(key) is not None]
    if text is not content and not values:
        values = [layers_of_class(content)]
    count = next((value for value in values if type(value) is int and value > 0), None)
    if count is None:
        raise ConfigError(
            location,
            f"{folder / CONFIG} gives no num_hidden_layers; use a decoder-only language model",
        )
    return count


def check_model_folder(location: str, folder: Path, exported: bool = False) -> None:
    """Check that a folder holds a complete model that loads without running code; used for every kind of folder.

    Args:
        location: its name in messages.
        folder: the folder.
        exported: whether it may be a pruned export, from which no level is counted.

    Raises:
        ConfigError: config.json, tokenizer.json or safetensors are missing, broken or of different models, or the model
            needs its own code.
    """
    check_description(location, folder, exported)
    if problem := FileListing.of_folder(folder).no_weights():
        raise ConfigError(location, problem)
    content = read_configuration(location, folder)
    slim = content.get("model_type") == SLIM_TYPE
    weights = check_weights(location, folder, SLIM_VARIANT if slim else None)
    _check_plain(location, folder, content, weights)
    # Decoders taken from an encoder-decoder give the encoder's layers under the same key.
    if not {"encoder_layers", "decoder_layers"} & text_part(content).keys():
        _check_layers(location, layer_count(location, folder), weights)
    check_tokenizer(location, folder)


def check_description(location: str, folder: Path, exported: bool = False) -> None:
    """Check config.json alone, before anything large is read or fetched.

    Args: as `check_model_folder`.

    Raises:
        ConfigError: it is missing, broken, contradicts itself, or is of a model that cannot be studied.
    """
    content = read_configuration(location, folder)
    file, kind = folder / CONFIG, content.get("model_type")
    if kind == SLIM_TYPE and not exported:
        raise ConfigError(
            location,
            f"{folder} is a pruned export, from which levels would be counted; use the dense model it was made from, "
            "with the same order, or make it a level of an order of kind checkpoints",
        )
    if content.get("auto_map") and not known_to_transformers(kind):
        raise ConfigError(
            location,
            f"{folder} asks to run its own code (auto_map in config.json), and transformers knows no model_type "
            f"{shown(kind)}; use a model that transformers knows",
        )
    if not isinstance(kind, str):
        raise ConfigError(
            location, f"{file} names no model_type; name the folder that save_pretrained wrote"
        )
    # A slim folder names a class that no model type has.
    if kind != SLIM_TYPE and (wrong := contradiction(content)):
        raise ConfigError(location, f"{file}: {wrong}")
    if content.get("is_encoder_decoder"):
        raise ConfigError(
            location, f"{folder} is an encoder-decoder; use a decoder-only language model"
        )
    if content.get("transformers_weights"):
        raise ConfigError(
            location,
            f"{file} names another file of weights (transformers_weights); rename that file to model.safetensors and "
            "delete the key",
        )
    layers, types = layer_count(location, folder), text_part(content).get("layer_types")
    if isinstance(types, list) and len(types) != layers:
        raise ConfigError(
            location,
            f"{file}: layer_types lists {len(types)} layers, num_hidden_layers says {layers}; {TWO_MODELS}",
        )


def _check_plain(location: str, folder: Path, content: dict[str, Any], found: list[Weight]) -> None:
    """Check that weights are plain numbers, and that config.json says so too."""
    encoded = not_plain(found)
    text = text_part(content)
    for key in QUANTISED_KEYS:
        asked = next((part[key] for part in (content, text) if part.get(key) is not None), None)
        if asked is None:
            continue
        if encoded is None:
            raise ConfigError(
                location,
                f"{folder / CONFIG} describes quantised weights, but the weights are plain {dtypes_of(found)}: delete "
                f"{key} from it",
            )
        method = asked.get("quant_method") if isinstance(asked, dict) else None
        raise ConfigError(
            location,
            f"{folder} is quantised ({method or key}), and neither the self-test nor gradients are defined on such "
            "weights; use the checkpoint it was made from",
        )
    if encoded is not None:
        count = sum(not_plain([weight]) is not None for weight in found)
        raise ConfigError(
            location,
            f"{count} weights are not plain numbers, first {encoded.name} ({encoded.dtype} in {encoded.file}); use the "
            "checkpoint they were made from, in F64, F32, BF16 or F16",
        )


def _check_layers(location: str, layers: int, found: list[Weight]) -> None:
    """Refuse layers of the weights beyond those of config.json, where they can only be layers.

    Other differences need the model's class, and are found by rule prepare_model. Layers that predict further tokens
    also come after the last one, but have weights that no other layer has.
    """
    named = [match for weight in found if (match := LAYER_NAME.match(weight.name))]
    if len({match[1] + match[2] for match in named}) != 1:
        return
    kept = {match[4] for match in named if int(match[3]) < layers}
    beyond = [match for match in named if int(match[3]) >= layers]
    surplus = [match[0] for match in beyond if not match[4].endswith("rotary_emb.inv_freq")]
    if surplus and {match[4] for match in beyond} <= kept:
        files = {weight.name: str(weight.file) for weight in found}
        raise ConfigError(location, counted(surplus, LEFT_OVER, files))


def check_chat_template(location: str, folder: Path) -> None:
    """Refuse a folder whose tokenizer has no chat template.

    Raises:
        ConfigError: neither `chat_template.jinja` nor the tokenizer's settings have one.
    """
    if (folder / CHAT_TEMPLATE).is_file():
        return
    settings = folder / TOKENIZER_CONFIG
    if not settings.is_file() or not _read_object(location, settings).get("chat_template"):
        raise ConfigError(
            f"{location}: chat_template",
            f"{folder} has no chat template, neither in {TOKENIZER_CONFIG} nor as {CHAT_TEMPLATE}; leave chat_template "
            "out, or name the chat version of the model",
        )


def check_tokenizer(location: str, folder: Path) -> None:
    """Check that a folder has tokenizer.json, the one file that defines the tokenizer.

    Raises:
        ConfigError: it is missing (the message says how to make it from the files present) or not JSON.
    """
    if problem := FileListing.of_folder(folder).no_tokenizer(folder / TOKENIZER_CONFIG):
        raise ConfigError(location, problem)
    file = folder / TOKENIZER
    with file.open("rb") as handle:
        start = handle.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith(b"{"):
        raise ConfigError(
            location, f"{file} is not a JSON object; fetch it again (a Git LFS pointer?)"
        )
