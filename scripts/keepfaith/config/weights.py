"""Weights of a model folder, as listed in the headers of its safetensors files; the numbers are not read."""

import math
import re
from itertools import pairwise
from pathlib import Path

from keepfaith.config.errors import ConfigError, shown
from keepfaith.config.weight_header import Weight, read_header
from keepfaith.config.weight_index import WHOLE, check_index, weight_files

PLAIN_DTYPES = ("F64", "F32", "BF16", "F16")
"""Dtypes that a model computes with directly; all others need a scale or a table beside them."""

COUNTS_AND_MASKS = ("I64", "BOOL")
"""Dtypes of positions and attention masks in old checkpoints; weights never have them."""

MASKS = ("bias", "masked_bias", "causal_mask")
"""Last parts of the names of attention masks of GPT-2 and related models, which may be U8."""

MISSING = "are missing from the checkpoint"
LEFT_OVER = "of the checkpoint have no place in the model"
RESHAPED = "have another shape than config.json says"
TWO_MODELS = (
    "config.json and the weights are of different models, copy both from the same checkpoint or correct the key of "
    "config.json"
)


def weights(folder: Path, variant: str | None = None) -> list[Weight]:
    """All weights that a folder is loaded from, in natural order of their names.

    Raises:
        ValueError: a header cannot be read; never after `check_weights`.
    """
    found = [weight for path in weight_files(folder, variant) for weight in read_header(path)[1]]
    return sorted(found, key=lambda weight: natural(weight.name))


def weight_size(folder: Path, variant: str | None = None) -> tuple[int, int]:
    """Numbers and bytes of a folder's weights; it must have passed `check_weights`."""
    found = weights(folder, variant)
    return sum(math.prod(weight.shape) for weight in found), sum(weight.size for weight in found)


def natural(name: str) -> list[tuple[int, str]]:
    """Sort key that puts layer 2 before layer 10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def counted(names: list[str], problem: str, files: dict[str, str]) -> str:
    """The message on weights about which config.json and the files disagree.

    Args:
        names: the weights, at least one.
        problem: `MISSING`, `LEFT_OVER` or `RESHAPED`.
        files: {name of a weight: its file}.
    """
    first = min(names, key=natural)
    where = f" (in {files[first]})" if first in files else ""
    return f"{len(names)} weights {problem}, first {first}{where}; {TWO_MODELS}"


def check_weights(location: str, folder: Path, variant: str | None = None) -> list[Weight]:
    """Check that a folder's safetensors are complete; return their weights.

    Raises:
        ConfigError: a file of the index is missing, there are two sets of weights, a file is cut short or is not
            a safetensors file, or a weight is in two files.
    """
    files = sorted(folder.glob("*.safetensors"))
    for index in folder.glob("*.safetensors.index.json"):
        check_index(location, folder, index)
    if not weight_files(folder, variant):
        raise ConfigError(
            location,
            f"{folder} holds {files[0].name}, but neither {WHOLE} nor its index; "
            "save it with save_pretrained",
        )
    for path in files:
        _check_file(location, path)
    found = weights(folder, variant)
    for one, other in pairwise(found):
        if one.name == other.name:
            raise ConfigError(
                location,
                f"weight {one.name} is in {one.file.name} and in {other.file.name} of {folder}; copy the folder "
                "again from one checkpoint",
            )
    return found


def not_plain(found: list[Weight]) -> Weight | None:
    """The first weight whose dtype no model computes with, if any; counts and masks do not matter."""
    return next((weight for weight in found if _encoded(weight)), None)


def _encoded(weight: Weight) -> bool:
    last = weight.name.rpartition(".")[2]
    if weight.dtype in PLAIN_DTYPES:
        return False
    if last == "weight":
        return True
    mask = weight.dtype == "U8" and last in MASKS
    return weight.dtype not in COUNTS_AND_MASKS and not mask


def is_attention_mask(weight: Weight) -> bool:
    """Whether a tensor is the causal mask that old GPT-2-like checkpoints contain, or the value it masks with.

    A mask is [1, 1, positions, positions]; a learned bias has one dimension.
    """
    last = weight.name.rpartition(".")[2]
    if last == "masked_bias":
        return math.prod(weight.shape) == 1
    square = len(weight.shape) == 4 and weight.shape[:2] == (1, 1)
    return last in MASKS and square and weight.shape[2] == weight.shape[3]


def dtypes_of(found: list[Weight]) -> str:
    """The dtypes as text: "F32", "BF16 and F32"."""
    return " and ".join(sorted({weight.dtype for weight in found}))


def _check_file(location: str, path: Path) -> None:
    try:
        start, found = read_header(path)
    except ValueError as error:
        raise ConfigError(
            location,
            f"{path} is not a safetensors file ({shown(str(error), 120)}); fetch it again (a Git LFS pointer?)",
        ) from error
    end = start + sum(weight.size for weight in found)
    if (size := path.stat().st_size) != end:
        raise ConfigError(location, f"{path} is cut short: {size} bytes of {end}; fetch it again")
