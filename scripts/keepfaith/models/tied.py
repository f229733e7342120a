"""Check of tied weights: the files must not contain two different copies of one weight of the model."""

from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import safe_open
from transformers import PreTrainedModel
from transformers.conversion_mapping import get_model_conversion_mapping
from transformers.core_model_loading import WeightRenaming, rename_source_key

from keepfaith.config.weight_header import Weight
from keepfaith.models.errors import LoadingError

ROWS = 4096
"""Rows compared at once, so that two embeddings need not fit into memory."""


def refuse_untied(folder: Path | str, found: Iterable[Weight], built: PreTrainedModel) -> None:
    """Refuse two different weights that config.json declares to be tied: loaders differ in which of them they use.

    Args:
        folder: the model's folder.
        found: its weights.
        built: the model that its config.json describes.

    Raises:
        LoadingError: both are in the files, and they differ.
    """
    files = {weight.name: weight for weight in found}
    prefix = f"{built.base_model_prefix}."
    for target, source in built.get_expanded_tied_weights_keys(all_submodels=True).items():
        one, other = (_of_name(files, name, prefix) for name in (target, source))
        if one and other and not _are_equal(one, other):
            raise LoadingError(
                f"{folder}: config.json says that {one.name} and {other.name} are one weight (tie_word_embeddings), "
                "and the files hold two that differ; type tie_word_embeddings: false in it if both are meant, or "
                f"delete {one.name} from {one.file.name}"
            )


def refuse_twice(folder: Path | str, found: Iterable[Weight], built: PreTrainedModel) -> None:
    """Refuse two different weights that transformers loads into the same parameter: it would ignore one of them.

    Names may have the model's prefix or not, and old names are renamed.

    Args:
        folder, found, built: as for `refuse_untied`.

    Raises:
        LoadingError: both are in the files, and they differ.
    """
    mapping = get_model_conversion_mapping(built)
    renamings = [entry for entry in mapping if isinstance(entry, WeightRenaming)]
    prefix = f"{built.base_model_prefix}."
    first: dict[str, Weight] = {}
    for weight in found:
        key, _ = rename_source_key(weight.name, renamings, [])
        other = first.setdefault(key.removeprefix(prefix), weight)
        if other is not weight and not _are_equal(other, weight):
            raise LoadingError(
                f"{folder}: {other.name} (in {other.file.name}) and {weight.name} (in {weight.file.name}) are one "
                "weight of the model, and they differ; delete the one that is not meant, or copy the weights again"
            )


def _of_name(files: dict[str, Weight], name: str, prefix: str) -> Weight | None:
    """The weight of this name; a file may leave out the model's prefix or add it to every name."""
    names = (name, name.removeprefix(prefix), prefix + name)
    return next((files[one] for one in names if one in files), None)


def _are_equal(one: Weight, other: Weight) -> bool:
    if one.shape != other.shape:
        return False
    with (
        safe_open(one.file, framework="pt") as first,
        safe_open(other.file, framework="pt") as second,
    ):
        rows, others = first.get_slice(one.name), second.get_slice(other.name)
        for start in range(0, one.shape[0] if one.shape else 0, ROWS):
            here, there = rows[start : start + ROWS], others[start : start + ROWS]
            if not torch.equal(here, there.to(here.dtype)):
                return False
    return True
