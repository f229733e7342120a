"""Whether sequences may branch within a row under a model; see `layout` for what such rows look like."""

import logging

import torch

from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.layout import Packing, Row, TokenPrompt, ancestor_mask

logger = logging.getLogger(__name__)

ALIBI = {"bloom", "mpt"}
MASKED_KERNELS = {"sdpa", "eager"}


def packing_of(model: PrunableModel) -> Packing:
    """Whether `model` may score sequences that branch within a row; the choice is logged.

    What is known not to work is refused by name; everything else is tried on a made-up input, so that an
    architecture that ignores the mask or the positions is found out.
    """
    config = model.model.config.get_text_config(decoder=True)
    kernel = model.model.config._attn_implementation
    if config.model_type in ALIBI or getattr(config, "alibi", False):
        choice = Packing(False, "ALiBi counts distances by place in the row")
    elif kernel not in MASKED_KERNELS:
        choice = Packing(False, f"attention kernel {kernel} takes no ready-made mask")
    else:
        failure = _try(model)
        choice = Packing(not failure, failure, None if failure else _window(config))
    if choice.possible:
        limit = f", rows up to {choice.longest} tokens (sliding window)" if choice.longest else ""
        logger.info("sequences that begin alike share rows%s", limit)
    else:
        logger.info("one row per sequence: %s", choice.reason)
    return choice


def _window(config: object) -> int | None:
    """Shortest span that some layer limits its attention to: a ready-made mask would override it."""
    spans = [
        getattr(config, name, None)
        for name in ("sliding_window", "attention_chunk_size", "window_size")
    ]
    return min((span for span in spans if isinstance(span, int)), default=None)


def _try(model: PrunableModel) -> str:
    """Score two made-up options packed and apart; the reason why packing fails, or nothing."""
    vocabulary = int(model.model.config.get_text_config(decoder=True).vocab_size)
    prompt = TokenPrompt(tuple((7 * i + 3) % vocabulary for i in range(6)))
    options = {tuple((5 * i + s) % vocabulary for i in range(4)): s for s in (1, 2)}
    (packed,) = Packing(True).rows({prompt: options})
    try:
        with torch.inference_mode():
            together = _hidden(model, packed, masked=True)
            apart = [
                _hidden(model, row, masked=False) for row in Packing(False).rows({prompt: options})
            ]
    except (TypeError, ValueError, RuntimeError, IndexError) as error:
        return (
            f"a ready-made mask is refused ({type(error).__name__}: {str(error).splitlines()[0]})"
        )
    expected = torch.cat([apart[0], *(row[len(prompt.ids) :] for row in apart[1:])])
    scale = float(expected.abs().max())
    difference = float((together - expected).abs().max()) / (scale or 1.0)
    allowed = 1e-4 if model.dtype in (torch.float32, torch.float64) else 5e-2
    if difference <= allowed:
        return ""
    return f"packed and separate rows differ by {difference:.1e} of the logits' size"


def _hidden(model: PrunableModel, row: Row, masked: bool) -> torch.Tensor:
    device = model.device
    extra = {}
    if masked:
        ends = torch.tensor([row.ends], device=device)
        extra["attention_mask"] = ancestor_mask(ends, model.dtype)
        extra["position_ids"] = torch.tensor([row.positions], device=device)
    ids = torch.tensor([row.tokens], device=device)
    logits: torch.Tensor = model.model(input_ids=ids, use_cache=False, **extra).logits[0]
    return logits.double()
