"""The self-test of removal: before a model is pruned, it has to show that pruning it is done right.

Three checks on the model itself, each with several sets of sub-layers removed, layer 0 among them:

- oracle: the logits equal those of the same model with all weights of these sub-layers set to zero;
- cache: token by token with the KV cache the logits are the same;
- generation: greedy continuations of left-padded prompts are those of the oracle.

A removal that is wrong only with a cache, or only under padding, would otherwise go unnoticed: nothing fails,
the numbers are merely false.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from keepfaith.models.components import Component, Sublayer
from keepfaith.models.finite import check_finite
from keepfaith.models.removal import PrunableModel

TOKENS = 9
PREFILL = 5
NEW_TOKENS = 6
ALLOWED = {torch.float64: 1e-8, torch.float32: 1e-4}
ALLOWED_IN_HALF = 5e-2
"""Largest difference of logits, relative to their size: rounding of batched against single tokens."""


class RemovalError(Exception):
    """Removing sub-layers of this model does not do what it must; the message says which check failed."""


@dataclass(frozen=True)
class Check:
    """What was removed, and how far the three ways of running the model are apart.

    Attributes:
        removed: the sub-layers, in words.
        oracle: largest difference of logits from the oracle, relative to the largest logit.
        cache: the same between cached and uncached.
        generation: whether the greedy continuations are the oracle's.
    """

    removed: str
    oracle: float
    cache: float
    generation: bool


def verify(model: PrunableModel, drop: Sequence[str] = ("attention",)) -> list[Check]:
    """Run the three checks on `model`; afterwards it is as before.

    Args:
        model: with all sub-layers switched on.
        drop: kinds of components that will be dropped: attention, mlp, block.

    Raises:
        NotFiniteError: the dense model gives NaN or infinity.
    """
    checks = []
    with torch.inference_mode(), model.dropping(()):
        check_finite(_logits(model).float().cpu().numpy(), "logits", model.dtype)
        for components in _cases(model, drop):
            sublayers = model.removable(components)
            with _zeroed(model, sublayers):
                plain = _logits(model)
                continued = _continuation(model)
            with model.dropping(components):
                pruned = _logits(model)
                cached = _logits_by_token(model)
                generation = torch.equal(_continuation(model), continued)
            size = float(plain.abs().max()) or 1.0
            checks.append(
                Check(
                    ", ".join(map(str, components)),
                    _difference(pruned, plain) / size,
                    _difference(cached, pruned) / size,
                    generation,
                )
            )
    return checks


def refuse_failures(name: str, checks: Sequence[Check], dtype: torch.dtype) -> None:
    """Raise RemovalError unless all checks hold.

    Args:
        name: of the model, for the message.
        checks: what `verify` found.
        dtype: of the model; rounding decides what difference is allowed.
    """
    allowed = ALLOWED.get(dtype, ALLOWED_IN_HALF)
    for check in checks:
        for what, found in (
            ("differ from those of the model with zeroed weights", check.oracle),
            ("with a KV cache differ from those without", check.cache),
        ):
            if not found <= allowed:
                raise RemovalError(
                    f"model {name} cannot be pruned: with {check.removed} removed, logits {what} by "
                    f"{found:.1e} of their size (allowed {allowed:.0e}); its architecture needs an entry in "
                    "keepfaith/models/families.py"
                )
        if not check.generation:
            raise RemovalError(
                f"model {name} cannot be pruned: with {check.removed} removed, it continues left-padded "
                "prompts otherwise than with zeroed weights; its architecture needs an entry in "
                "keepfaith/models/families.py"
            )


def _cases(model: PrunableModel, drop: Sequence[str]) -> Iterator[list[Component]]:
    """Layer 0 alone, the last alone, and several at once, per kind; then all kinds mixed."""
    last = model.layers - 1
    kinds: list[Any] = sorted(set(drop))
    for kind in kinds:
        yield [Component(0, kind)]
        if last:
            yield [Component(last, kind)]
            yield [Component(layer, kind) for layer in range(0, last + 1, 2)]
    if len(kinds) > 1 and last:
        yield [Component(layer, kinds[layer % len(kinds)]) for layer in range(last + 1)]


@contextmanager
def _zeroed(model: PrunableModel, sublayers: frozenset[Sublayer]) -> Iterator[None]:
    """Inside, all weights of these sub-layers are zero."""
    parameters = [
        parameter
        for sublayer in sublayers
        for parameter in model.switches[sublayer].module.parameters()
    ]
    kept = [parameter.detach().clone() for parameter in parameters]
    try:
        for parameter in parameters:
            parameter.zero_()
        yield
    finally:
        for parameter, value in zip(parameters, kept, strict=True):
            parameter.copy_(value)


def _tokens(model: PrunableModel, rows: int) -> torch.Tensor:
    vocabulary = int(model.model.config.get_text_config(decoder=True).vocab_size)
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(vocabulary, (rows, TOKENS), generator=generator)
    return ids.to(model.device)


def _logits(model: PrunableModel) -> torch.Tensor:
    logits: torch.Tensor = model.model(input_ids=_tokens(model, 2), use_cache=False).logits
    return logits.double()


def _logits_by_token(model: PrunableModel) -> torch.Tensor:
    """Prefill, then one token at a time with the KV cache; logits of all positions."""
    tokens = _tokens(model, 2)
    out = model.model(input_ids=tokens[:, :PREFILL], use_cache=True)
    logits = [out.logits]
    for place in range(PREFILL, TOKENS):
        out = model.model(
            input_ids=tokens[:, place : place + 1],
            past_key_values=out.past_key_values,
            use_cache=True,
        )
        logits.append(out.logits)
    return torch.cat(logits, 1).double()


def _continuation(model: PrunableModel) -> torch.Tensor:
    """Greedy continuation of two prompts, the first padded on the left."""
    tokens = _tokens(model, 2)
    mask = torch.ones_like(tokens)
    mask[0, : TOKENS // 2] = 0
    tokens[0, : TOKENS // 2] = 0
    generate: Any = model.model.generate
    result: torch.Tensor = generate(
        input_ids=tokens,
        attention_mask=mask,
        max_new_tokens=NEW_TOKENS,
        min_new_tokens=NEW_TOKENS,
        do_sample=False,
        num_beams=1,
        pad_token_id=0,
    )
    return result


def _difference(one: torch.Tensor, other: torch.Tensor) -> float:
    """Largest difference; infinite where either holds a number that is none."""
    difference = float((one - other).abs().max())
    return difference if difference == difference else float("inf")
