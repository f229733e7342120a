"""Rows: a prompt with its options behind it, once.

An option of n tokens needs n logits: the first stands at the prompt's last token, the others at the
option's own tokens but its last, which therefore is never fed. All options can stand in one row:

    tokens     p0 p1 p2 | a0 a1 | b0 | c0 c1 c2
    positions   0  1  2 |  3  4 |  3 |  3  4  5
    block       0  0  0 |  1  1 |  2 |  3  3  3

where a token sees the prompt and its own block up to itself. This needs an architecture that takes a
ready-made attention mask and position numbers; `packing_of` tries it and says why not. Otherwise every
option gets a row of its own. One-token options never need a row of their own.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from keepfaith.models.removal import PrunableModel

logger = logging.getLogger(__name__)

ALIBI = {"bloom", "mpt"}
MASKED_KERNELS = {"sdpa", "eager"}


@dataclass
class Row:
    """One sequence to feed. `columns[i]` is where the logits for `targets[i]`, part of `slots[i]`, stand."""

    tokens: list[int]
    positions: list[int]
    blocks: list[int]
    columns: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)

    @property
    def packed(self) -> bool:
        """Whether more than one block stands behind the prompt, so that the row needs its own mask."""
        return self.blocks[-1] > 1

    def __len__(self) -> int:
        return len(self.tokens)

    def append(self, option: tuple[int, ...], slot: int) -> None:
        """Put one option behind the prompt, in a block of its own."""
        prompt = self.blocks.index(1) if 1 in self.blocks else len(self.blocks)
        start, fed = len(self.tokens), len(option) - 1
        self.columns += [prompt - 1, *range(start, start + fed)]
        self.targets += option
        self.slots += [slot] * len(option)
        self.tokens += option[:-1]
        self.positions += range(prompt, prompt + fed)
        self.blocks += [self.blocks[-1] + 1] * fed


@dataclass(frozen=True)
class Packing:
    """Whether options may share a row, rows of at most `longest` tokens; and why not, if not."""

    possible: bool
    reason: str = ""
    longest: int | None = None

    def rows(self, prompt: tuple[int, ...], options: Mapping[tuple[int, ...], int]) -> list[Row]:
        """The rows that score `options` (with their slots) behind `prompt`."""
        fed = sum(len(option) - 1 for option in options)
        together = self.possible and (self.longest is None or len(prompt) + fed <= self.longest)
        rows = [_prompt_row(prompt)]
        for option, slot in sorted(options.items(), key=lambda item: len(item[0])):
            if len(option) > 1 and rows[-1].blocks[-1] > 0 and not together:
                rows.append(_prompt_row(prompt))
            rows[-1].append(option, slot)
        return rows


def _prompt_row(prompt: tuple[int, ...]) -> Row:
    return Row(list(prompt), list(range(len(prompt))), [0] * len(prompt))


def block_mask(blocks: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Additive attention mask of packed rows.

    Args:
        blocks: [B, T], 0 for the prompt, 1.. for options, -1 for padding.
        dtype: the model's.

    Returns:
        [B, 1, T, T]: 0 where query (third axis) sees key (fourth), the least finite number elsewhere.
    """
    length = blocks.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=blocks.device).tril()
    prompt = (blocks == 0)[:, None, :]
    same = blocks[:, :, None] == blocks[:, None, :]
    seen = (causal & (prompt | same))[:, None]
    mask = torch.zeros(seen.shape, dtype=dtype, device=blocks.device)
    return mask.masked_fill_(~seen, torch.finfo(dtype).min)


def packing_of(model: PrunableModel) -> Packing:
    """Whether `model` may score options packed into one row; the choice is logged.

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
        logger.info("options share a row behind their prompt%s", limit)
    else:
        logger.info("one row per option: %s", choice.reason)
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
    prompt = tuple((7 * i + 3) % vocabulary for i in range(6))
    options = {tuple((5 * i + s) % vocabulary for i in range(4)): s for s in (1, 2)}
    (packed,) = Packing(True).rows(prompt, options)
    try:
        with torch.inference_mode():
            together = _hidden(model, packed, masked=True)
            apart = [
                _hidden(model, row, masked=False) for row in Packing(False).rows(prompt, options)
            ]
    except (TypeError, ValueError, RuntimeError, IndexError) as error:
        return (
            f"a ready-made mask is refused ({type(error).__name__}: {str(error).splitlines()[0]})"
        )
    expected = torch.cat([apart[0], *(row[len(prompt) :] for row in apart[1:])])
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
        extra["attention_mask"] = block_mask(torch.tensor([row.blocks], device=device), model.dtype)
        extra["position_ids"] = torch.tensor([row.positions], device=device)
    ids = torch.tensor([row.tokens], device=device)
    logits: torch.Tensor = model.model(input_ids=ids, use_cache=False, **extra).logits[0]
    return logits.double()
