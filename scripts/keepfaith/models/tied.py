"""Weights that config.json ties together: the file must not hold two of them that differ."""

from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import safe_open
from transformers import PreTrainedModel

from keepfaith.config.weight_header import Weight
from keepfaith.models.errors import LoadingError

ROWS = 4096
"""Rows that are compared at once, so that two embeddings need not fit into memory."""


def refuse_untied(folder: Path | str, found: Iterable[Weight], built: PreTrainedModel) -> None:
    """Refuse two weights of which config.json says that they are one: loaders differ in which of them they use.

    Args:
        folder: where both are.
        found: the weights of the folder.
        built: the model that its config.json describes.

    Raises:
        LoadingError: both are in the file, and they differ.
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


def _of_name(files: dict[str, Weight], name: str, prefix: str) -> Weight | None:
    """The weight of the file, which may leave out the model's prefix or have it in front of everything."""
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
