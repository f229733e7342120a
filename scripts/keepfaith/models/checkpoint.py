"""Comparison of the model that config.json describes with the weights in its folder.

The loader of transformers itself compares them, on meta tensors, so whatever it renames, ties, splits or ignores at
loading is treated the same way here. No weight is read.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, PretrainedConfig, PreTrainedModel

from keepfaith.config.errors import ConfigError
from keepfaith.config.model_files import CONFIG
from keepfaith.config.model_folder import layer_count
from keepfaith.config.weight_header import Weight
from keepfaith.config.weights import (
    LEFT_OVER,
    MISSING,
    PLAIN_DTYPES,
    RESHAPED,
    TWO_MODELS,
    counted,
    is_attention_mask,
    weights,
)
from keepfaith.models.blame import cure_of
from keepfaith.models.components import Step, Sublayer, sublayers_of
from keepfaith.models.errors import LoadingError, refused
from keepfaith.models.slim import read_config, skipped, slim_class, variant_of
from keepfaith.models.tied import refuse_twice, refuse_untied


@dataclass(frozen=True)
class Described:
    """The model that a folder's config.json describes.

    Attributes:
        config: as transformers reads it.
        kind: the class that is built from it.
        gone: sub-layers that are not built.
    """

    config: PretrainedConfig
    kind: Any
    gone: frozenset[Sublayer]


def described(folder: Path | str, dropped: Iterable[Step] = ()) -> Described:
    """The model of a folder, without `dropped`.

    Raises:
        LoadingError: transformers refuses config.json, it describes no causal language model, or does not belong to
            the weights.
    """
    _refuse_too_many_layers(folder)
    config = read_config(folder)
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        raise LoadingError(
            f"{folder}: a {config.model_type} is no causal language model of transformers {transformers.__version__}"
        )
    gone = skipped(config) | sublayers_of(dropped)
    base: Any = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    return Described(config, slim_class(base, gone) if gone else base, gone)


def check_checkpoint(folder: Path | str) -> None:
    """Compare the model that config.json describes with the weights in the folder; takes seconds and no memory.

    Raises:
        LoadingError: one line, if a weight is missing, left over, of another shape or not of a plain dtype.
    """
    model = described(folder)
    found = weights_of(folder)
    shapes = {weight.name: torch.empty(weight.shape, device="meta") for weight in found}
    file = Path(folder) / CONFIG
    with refused(file, partial(cure_of, folder, model.config)), _without_warnings():
        built, report = model.kind.from_pretrained(
            None,
            config=model.config,
            state_dict=shapes,
            dtype=torch.float32,
            device_map={"": "meta"},
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    refuse_differences(folder, report, built)
    _refuse_encoded(folder, found, built.state_dict())


def weights_of(folder: Path | str) -> list[Weight]:
    """The weights that a folder is loaded from.

    Raises:
        LoadingError: one of their files is broken.
    """
    try:
        return weights(Path(folder), variant_of(folder))
    except ConfigError as error:
        raise LoadingError(error.problem) from error
    except ValueError as error:
        raise LoadingError(f"{folder}: {error}; fetch its safetensors again") from error


def _refuse_too_many_layers(folder: Path | str) -> None:
    """Refuse a wrong layer count before such a model is built: each layer has at least one weight."""
    try:
        layers = layer_count("", Path(folder))
    except ConfigError as error:
        raise LoadingError(error.problem) from error
    found = weights_of(folder)
    if layers > max(len(found), 1):
        raise LoadingError(
            f"{Path(folder) / CONFIG} says {layers} layers, but the checkpoint holds {len(found)} weights; "
            f"{TWO_MODELS}"
        )


def refuse_differences(
    folder: Path | str,
    report: Mapping[str, Any],
    built: PreTrainedModel,
    absent: Iterable[str] = (),
) -> None:
    """Refuse a model whose weights are not those that config.json describes.

    Args:
        folder: the folder of both.
        report: the loading report of `from_pretrained` (`output_loading_info`).
        built: the model.
        absent: weights that may be missing.

    Raises:
        LoadingError: weights differ; says how many, and names the first.
    """
    found = weights_of(folder)
    problems = {
        MISSING: set(report["missing_keys"]) - set(absent),
        LEFT_OVER: set(report["unexpected_keys"]) - _computed(found, built),
        RESHAPED: {name for name, *_ in report["mismatched_keys"]},
    }
    for problem, names in problems.items():
        if names:
            files = {weight.name: weight.file.name for weight in found}
            raise LoadingError(f"{folder}: {counted(sorted(names), problem, files)}")
    refuse_twice(folder, found, built)
    refuse_untied(folder, found, built)


def _computed(found: Iterable[Weight], built: PreTrainedModel) -> set[str]:
    """Tensors of old checkpoints that a model computes itself: buffers that it does not save, and causal masks."""
    buffers = {name for name, _ in built.named_buffers()} - built.state_dict().keys()
    return buffers | {weight.name for weight in found if is_attention_mask(weight)}


def _refuse_encoded(
    folder: Path | str, found: Iterable[Weight], built: Mapping[str, torch.Tensor]
) -> None:
    """Refuse integer weights where the model computes in floating point; its counts and masks may be integers."""
    wrong = [
        weight
        for weight in found
        if weight.dtype not in PLAIN_DTYPES
        and weight.name in built
        and built[weight.name].is_floating_point()
    ]
    if wrong:
        raise LoadingError(
            f"{folder}: {len(wrong)} weights are not plain numbers, first {wrong[0].name} ({wrong[0].dtype} in "
            f"{wrong[0].file.name}); use the checkpoint they were made from, in F64, F32, BF16 or F16"
        )


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Silence transformers, which prints a table of the differences: the one-line error says the same."""
    logger = logging.getLogger("transformers")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
