"""Pruned checkpoints: a model folder per level, reloaded and compared before it is called done.

Formats:

- slim: without the weights of what was dropped; loads through `keepfaith.models.loading.load_model`, no remote
  code. Other loaders refuse it by name, since they would fill the gaps at random (see `slim`).
- zero_filled: all shapes as before, the dropped sub-layers' weights zero; loads anywhere, frees nothing.
- nemotron_nas: Llama-shaped models without the dropped weights, for vLLM and MLX (see `nemotron_nas`).
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from keepfaith.artifacts.atomic import replacing
from keepfaith.models import nemotron_nas
from keepfaith.models.components import Step, sublayers_of
from keepfaith.models.loading import (
    GENERATION_CONFIG,
    as_dtype,
    check_generation,
    load_model,
    load_tokenizer,
)
from keepfaith.models.removal import PrunableModel
from keepfaith.models.slim import VARIANT, write_slim_config

ALLOWED_DIFFERENCE = 1e-6
"""Of the logits, relative to the largest, between the pruned model in memory and the reloaded folder."""


class ExportError(Exception):
    """A written checkpoint does not give the logits of the pruned model; nothing is left behind."""


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
        target: the new folder; it appears only once the reloaded model agrees.
        format: a key of `FORMATS`.
        dtype: of the weights written; auto: as the configuration in `folder` says.
        card: text of README.md.

    Raises:
        ValueError: no such format.
        ExportError: the reloaded model differs.
        NotLlamaShapedError: the format cannot hold this model.
    """
    if format not in FORMATS:
        raise ValueError(f"no export format {format!r}; there are {', '.join(FORMATS)}")
    write, load = FORMATS[format]
    tokenizer = load_tokenizer(folder)
    expected = _logits_in_memory(folder, dropped, dtype)
    with replacing(Path(target)) as temporary:
        write(folder, dropped, temporary, dtype)
        _copy_rest(tokenizer, Path(folder), temporary)
        if card is not None:
            (temporary / "README.md").write_text(card, encoding="utf-8")
        difference = _difference(_logits(load(temporary, dtype)), expected)
        if not difference <= ALLOWED_DIFFERENCE:
            raise ExportError(
                f"the {format} checkpoint of {folder} differs from the pruned model by {difference:.1e} of its "
                "logits after reloading"
            )


def _write_slim(folder: Path | str, dropped: Sequence[Step], target: Path, dtype: str) -> None:
    load_model(folder, dtype, "cpu", dropped).save_pretrained(target, variant=VARIANT)
    write_slim_config(target)


def _write_zero_filled(
    folder: Path | str, dropped: Sequence[Step], target: Path, dtype: str
) -> None:
    model = load_model(folder, dtype, "cpu")
    switches = PrunableModel(model).switches
    with torch.no_grad():
        for sublayer in sublayers_of(dropped):
            for parameter in switches[sublayer].module.parameters():
                parameter.zero_()
    for switch in switches.values():
        switch.uninstall()
    model.save_pretrained(target)


def _load_through_keepfaith(folder: Path, dtype: str) -> PreTrainedModel:
    return load_model(folder, dtype, "cpu")


def _load_plain(folder: Path, dtype: str) -> PreTrainedModel:
    """As anyone would, without keepfaith."""
    load: Any = AutoModelForCausalLM.from_pretrained
    model: PreTrainedModel = load(
        str(folder), dtype=as_dtype(dtype), local_files_only=True, use_safetensors=True
    ).eval()
    return model


Write = Callable[[Path | str, Sequence[Step], Path, str], None]
Load = Callable[[Path, str], PreTrainedModel]
FORMATS: dict[str, tuple[Write, Load]] = {
    "slim": (_write_slim, _load_through_keepfaith),
    "zero_filled": (_write_zero_filled, _load_plain),
    "nemotron_nas": (nemotron_nas.write, nemotron_nas.load),
}
"""How each format is written, and loaded again to be compared."""


def _copy_rest(tokenizer: PreTrainedTokenizerBase, folder: Path, target: Path) -> None:
    tokenizer.save_pretrained(target)
    generation = folder / GENERATION_CONFIG
    if check_generation(folder):
        shutil.copyfile(generation, target / generation.name)


def _logits_in_memory(folder: Path | str, dropped: Sequence[Step], dtype: str) -> torch.Tensor:
    model = PrunableModel(load_model(folder, dtype, "cpu"))
    with model.dropping(dropped):
        return _logits(model.model)


def _logits(model: PreTrainedModel) -> torch.Tensor:
    vocabulary = int(model.config.get_text_config(decoder=True).vocab_size)
    tokens = torch.randint(vocabulary, (2, 16), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        logits: torch.Tensor = model(input_ids=tokens, use_cache=False).logits
    return logits.double()


def _difference(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).abs().max() / (expected.abs().max() or 1.0))
