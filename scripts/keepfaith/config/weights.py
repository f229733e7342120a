"""The weights of a model folder, as the headers of its safetensors files list them; no number is read."""

import json
import math
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from keepfaith.config.errors import ConfigError, shown

WHOLE = "model.safetensors"
PLAIN_DTYPES = ("F64", "F32", "BF16", "F16")
"""Numbers that a model computes with as they are; all other dtypes need a scale or a table beside them."""

COUNTS_AND_MASKS = ("I64", "BOOL")
"""Old checkpoints hold positions and attention masks in these; weights are never so."""

MASKS = ("bias", "masked_bias")
"""How the attention masks of GPT-2 and its kin end, which may be U8."""

MISSING = "are missing from the checkpoint"
LEFT_OVER = "of the checkpoint have no place in the model"
RESHAPED = "have another shape than config.json says"
TWO_MODELS = (
    "config.json and the weights are of two models, copy both from the same checkpoint or correct the key of "
    "config.json"
)


@dataclass(frozen=True)
class Weight:
    """One tensor of a safetensors file: its dtype as the file writes it, its shape and its size in bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size: int
    file: Path


def weight_files(folder: Path, variant: str | None = None) -> list[Path]:
    """The safetensors files that transformers loads a model from: the one, or those of the index; no copies.

    Args:
        folder: the model folder.
        variant: the middle part of their names, `slim` for model.slim.safetensors.
    """
    stem = f"model.{variant}" if variant else "model"
    whole = folder / f"{stem}.safetensors"
    if whole.is_file():
        return [whole]
    names = [f"model.safetensors.index.{variant}.json"] if variant else [f"{WHOLE}.index.json"]
    index = next((folder / name for name in names if (folder / name).is_file()), None)
    if index is None:
        return []
    weight_map = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    return [folder / name for name in sorted(set(weight_map.values()))]


def weights(folder: Path, variant: str | None = None) -> list[Weight]:
    """All weights that a folder is loaded from, in natural order of their names.

    Raises:
        ValueError: a header cannot be read; a folder that passed `check_weights` has none such.
    """
    found = [weight for path in weight_files(folder, variant) for weight in _header(path)[1]]
    return sorted(found, key=lambda weight: natural(weight.name))


def weight_size(folder: Path) -> tuple[int, int]:
    """How many numbers a folder's weights are, and how many bytes; it must have passed `check_weights`."""
    found = weights(folder)
    return sum(math.prod(weight.shape) for weight in found), sum(weight.size for weight in found)


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts layer 2 before layer 10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def counted(names: list[str], problem: str, files: dict[str, str]) -> str:
    """The sentence on weights that config.json and the files disagree about.

    Args:
        names: the weights, at least one.
        problem: `MISSING`, `LEFT_OVER` or `RESHAPED`.
        files: the file that holds a weight, by its name.
    """
    first = min(names, key=natural)
    place = f" (in {files[first]})" if first in files else ""
    return f"{len(names)} weights {problem}, first {first}{place}; {TWO_MODELS}"


def check_weights(place: str, folder: Path) -> list[Weight]:
    """Check that a folder's safetensors are whole, and plain numbers; return what they hold.

    Raises:
        ConfigError: a file of the index is missing, a file is cut short or is no safetensors file, or a weight
            stands in two files.
    """
    files = sorted(folder.glob("*.safetensors"))
    for index in folder.glob("*.safetensors.index.json"):
        try:
            wanted = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(place, f"{index} is no index of weights; copy it again") from error
        if missing := sorted(wanted - {path.name for path in files}):
            raise ConfigError(
                place, f"{folder} lacks {missing[0]}, named in {index.name}; copy it too"
            )
    if not weight_files(folder):
        raise ConfigError(
            place,
            f"{folder} holds {files[0].name}, but neither {WHOLE} nor its index; "
            "save it with save_pretrained",
        )
    for path in files:
        _check_file(place, path)
    found = weights(folder)
    for one, other in pairwise(found):
        if one.name == other.name:
            raise ConfigError(
                place,
                f"weight {one.name} stands in {one.file.name} and in {other.file.name} of {folder}; copy the folder "
                "again from one checkpoint",
            )
    return found


def not_plain(found: list[Weight]) -> Weight | None:
    """The first weight whose dtype no model computes with, if any; counts and masks are no weights."""
    return next((weight for weight in found if _encoded(weight)), None)


def _encoded(weight: Weight) -> bool:
    last = weight.name.rpartition(".")[2]
    if weight.dtype in PLAIN_DTYPES:
        return False
    if last == "weight":
        return True
    mask = weight.dtype == "U8" and last in MASKS
    return weight.dtype not in COUNTS_AND_MASKS and not mask


def dtypes_of(found: list[Weight]) -> str:
    """The dtypes as a sentence names them: "F32", "BF16 and F32"."""
    return " and ".join(sorted({weight.dtype for weight in found}))


def _header(path: Path) -> tuple[int, list[Weight]]:
    """Bytes before a safetensors file's numbers, and its weights.

    The file is eight bytes of header length, a JSON header, then as many bytes as it announces.
    """
    with path.open("rb") as handle:
        length = int.from_bytes(handle.read(8), "little")
        if not 2 <= length <= path.stat().st_size - 8:
            raise ValueError("its header is longer than the file")
        header: dict[str, Any] = json.loads(handle.read(length))
    header.pop("__metadata__", None)
    found = []
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        shape = tuple(int(size) for size in entry["shape"])
        found.append(Weight(name, str(entry["dtype"]), shape, end - start, path))
    return 8 + length, found


def _check_file(place: str, path: Path) -> None:
    try:
        start, found = _header(path)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            place,
            f"{path} is no safetensors file ({shown(str(error))}); fetch it again (a Git LFS pointer?)",
        ) from error
    end = start + sum(weight.size for weight in found)
    if (size := path.stat().st_size) != end:
        raise ConfigError(place, f"{path} is cut short: {size} bytes of {end}; fetch it again")
