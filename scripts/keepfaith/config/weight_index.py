"""Safetensors files that a model folder is loaded from: a single one, or those that an index lists."""

import json
from pathlib import Path
from typing import Any

from keepfaith.config.errors import ConfigError

WHOLE = "model.safetensors"


def weight_files(folder: Path, variant: str | None = None) -> list[Path]:
    """The safetensors files that transformers loads a model from: a single one, or those of the index; no copies.

    Args:
        folder: the model folder.
        variant: the middle part of their names, `slim` for model.slim.safetensors.

    Raises:
        ConfigError: the index is invalid.
    """
    stem = f"model.{variant}" if variant else "model"
    whole = folder / f"{stem}.safetensors"
    if whole.is_file():
        return [whole]
    index = folder / (f"{WHOLE}.index.{variant}.json" if variant else f"{WHOLE}.index.json")
    return [folder / name for name in listed(str(folder), index)] if index.is_file() else []


def listed(location: str, index: Path) -> list[str]:
    """Names of the files that an index lists, sorted.

    Raises:
        ConfigError: it is not an index.
    """
    weight_map = _read(location, index).get("weight_map")
    names: list[Any] = list(weight_map.values()) if isinstance(weight_map, dict) else [None]
    if not all(isinstance(name, str) for name in names):
        raise ConfigError(
            location,
            f"{index} is not an index of weights: its weight_map must name a file of the folder for every weight; copy "
            "it again",
        )
    return sorted(set(names))


def check_index(location: str, folder: Path, index: Path) -> None:
    """Check that the files of an index exist, and that it is the only set of weights.

    Raises:
        ConfigError: a file is missing, another file is read instead, or the loader cannot read the index.
    """
    wanted = listed(location, index)
    whole = folder / WHOLE
    alone = index.name == f"{WHOLE}.index.json" and whole.is_file() and wanted != [WHOLE]
    there = {path.name for path in folder.glob("*.safetensors")}
    missing = [name for name in wanted if name not in there]
    if missing:
        or_delete = f", or delete {index.name} if {WHOLE} holds all weights" if alone else ""
        raise ConfigError(
            location, f"{folder} lacks {missing[0]}, named in {index.name}; copy it too{or_delete}"
        )
    if alone:
        raise ConfigError(
            location,
            f"{folder} holds two sets of weights, {WHOLE} and the {len(wanted)} files of {index.name}, of which "
            f"transformers reads only {WHOLE}; delete the set that you do not mean",
        )
    if not isinstance(_read(location, index).get("metadata"), dict):
        raise ConfigError(
            location,
            f'{index} has no metadata, which transformers reads; add "metadata": {{}} beside weight_map',
        )


def _read(location: str, index: Path) -> dict[str, Any]:
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(location, f"{index} is not an index of weights; copy it again") from error
    return content if isinstance(content, dict) else {}
