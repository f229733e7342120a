"""Export of pruned checkpoints: one model folder per level, reloaded and compared with the model in memory."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from keepfaith.artifacts.atomic import replacing
from keepfaith.models.components import Step
from keepfaith.models.loading import (
    GENERATION_CONFIG,
    check_generation,
    load_model,
    load_tokenizer,
)
from keepfaith.models.removal import PrunableModel
from keepfaith.plugins.export_format import EXPORT_FORMATS, UnsuitableModelError

ALLOWED_DIFFERENCE = 1e-6
"""Allowed difference of logits, relative to the largest, between the pruned model in memory and the reloaded folder."""


class ExportError(Exception):
    """A written checkpoint does not give the logits of the pruned model; it is deleted."""


def export(
    folder: Path | str,
    dropped: Sequence[Step],
    target: Path,
    format: str,
    dtype: str = "auto",
    card: str | None = None,
) -> None:
    """Write the model of `folder` without `dropped` to `target`, with its tokenizer and a model card.

    Args:
        folder: a dense model folder.
        dropped: components to leave out.
        target: the new folder; it appears only after the reloaded model agrees.
        format: a name of `EXPORT_FORMATS`.
        dtype: of the weights written; auto: the dtype named by the configuration in `folder`.
        card: text of README.md.

    Raises:
        ValueError: no such format.
        ExportError: the reloaded model differs.
        UnsuitableModelError: the format cannot hold this model.
    """
    chosen = EXPORT_FORMATS.load(format)
    tokenizer = load_tokenizer(folder)
    model = load_model(folder, dtype, "cpu")
    kind = model.config.model_type
    if chosen.model_types is not None and kind not in chosen.model_types:
        raise UnsuitableModelError(format, f"is a {kind}, not one of {list(chosen.model_types)}")
    expected = _logits_in_memory(model, dropped)
    del model  # its memory is needed for the one that is written
    with replacing(Path(target)) as temporary:
        chosen.write(folder, dropped, temporary, dtype)
        _copy_rest(tokenizer, Path(folder), temporary)
        if card is not None:
            (temporary / "README.md").write_text(card, encoding="utf-8")
        difference = _difference(_logits(chosen.load(temporary, dtype)), expected)
        if not difference <= ALLOWED_DIFFERENCE:
            raise ExportError(
                f"the {format} checkpoint of {folder} differs from the pruned model after reloading: its logits by "
                f"{difference:.1e} of the largest"
            )


def _copy_rest(tokenizer: PreTrainedTokenizerBase, folder: Path, target: Path) -> None:
    tokenizer.save_pretrained(target)
    generation = folder / GENERATION_CONFIG
    if check_generation(folder):
        shutil.copyfile(generation, target / generation.name)


def _logits_in_memory(model: PreTrainedModel, dropped: Sequence[Step]) -> torch.Tensor:
    prunable = PrunableModel(model)
    with prunable.dropping(dropped):
        return _logits(model)


def _logits(model: PreTrainedModel) -> torch.Tensor:
    vocabulary = int(model.config.get_text_config(decoder=True).vocab_size)
    tokens = torch.randint(vocabulary, (2, 16), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        logits: torch.Tensor = model(input_ids=tokens, use_cache=False).logits
    return logits.double()


def _difference(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).abs().max() / (expected.abs().max() or 1.0))
