"""Self-test of removal, run on every model before any of its levels is used.

Checks on the model itself, each with several sets of sub-layers removed, layer 0 among them:

- oracle: the logits equal those of the same model with all weights of these sub-layers set to zero;
- cache: token by token with the KV cache the logits are the same;
- generation: greedy continuations of left-padded prompts are those of the oracle;
- remainder: a dropped block returns its input;
- and at least one set makes a difference: otherwise other modules than the decoder's were removed.

A removal that is wrong only with a cache, or only under padding, would otherwise go unnoticed: nothing fails,
but the numbers are wrong.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from keepfaith.models.components import Component, Sublayer
from keepfaith.models.finite import check_finite
from keepfaith.models.generation import generate_greedily
from keepfaith.models.out_of_memory import is_out_of_memory
from keepfaith.models.removal import PrunableModel

SELF_TEST_TOKENS = 9
PREFILL = 5
NEW_TOKENS = 6
ALLOWED = {torch.float64: 1e-8, torch.float32: 1e-4}
ALLOWED_IN_HALF = 5e-2
"""Largest difference of logits, relative to their size: rounding of batched against single tokens."""
ALLOWED_OF_ORACLE = 1e-3
"""The same for the oracle and the remainder, in half precision: both sides do the same arithmetic."""


NEEDS_ENTRY = "its architecture needs an entry in keepfaith/models/families.py"


class RemovalError(Exception):
    """Removing sub-layers of this model does not work correctly; the message names the failed check."""


@dataclass(frozen=True)
class Check:
    """The removed sub-layers, and how much the three ways of running the model differ.

    Attributes:
        removed: the sub-layers, in words.
        oracle: largest difference of logits from the oracle, relative to the largest logit.
        cache: the same between cached and uncached.
        generation: whether the greedy continuations equal the oracle's.
        remainder: largest change that a dropped block makes to the residual stream, relative to its largest number.
        differs: whether the logits differ from the dense model's.
    """

    removed: str
    oracle: float
    cache: float
    generation: bool
    remainder: float
    differs: bool


def verify(model: PrunableModel, drop: Sequence[str] = ("attention",)) -> list[Check]:
    """Run the checks on `model`, then restore it.

    Args:
        model: with all sub-layers on.
        drop: kinds of components that will be dropped: attention, mlp, block.

    Raises:
        NotFiniteError: the logits of the dense model contain NaN or infinity.
        RemovalError: the model does not run with sub-layers removed.
    """
    with torch.inference_mode(), model.dropping(()):
        dense = _logits(model)
        check_finite(dense.float().cpu().numpy(), "the logits", model.dtype)
        return [_check(model, components, dense) for components in _cases(model, drop)]


def _check(model: PrunableModel, components: list[Component], dense: torch.Tensor) -> Check:
    removed = ", ".join(map(str, components))
    with _zeroed(model, model.removable(components)):
        plain = _logits(model)
        continued = _continuation(model)
    try:
        with model.dropping(components), _Blocks(model, components) as blocks:
            pruned = _logits(model)
            remainder = blocks.change
            cached = _logits_by_token(model)
            generation = torch.equal(_continuation(model), continued)
    except Exception as error:  # an unforeseen architecture may raise anything
        if is_out_of_memory(error):
            raise
        raise RemovalError(
            f"this model cannot be pruned: with {removed} removed it does not run "
            f"({type(error).__name__}: {error}); {NEEDS_ENTRY}"
        ) from error
    size = float(plain.abs().max()) or 1.0
    return Check(
        removed,
        oracle=_difference(pruned, plain) / size,
        cache=_difference(cached, pruned) / size,
        generation=generation,
        remainder=remainder,
        differs=not torch.equal(pruned, dense),
    )


class _Blocks:
    """Hooks on dropped blocks: `change` is the largest change of the stream, relative to its largest number."""

    def __init__(self, model: PrunableModel, components: Sequence[Component]) -> None:
        self.change = 0.0
        self._layers = [model.sites[c.layer].layer for c in components if c.kind == "block"]
        self._handles: list[Any] = []

    def __enter__(self) -> "_Blocks":
        self._handles = [
            layer.register_forward_hook(self._look, with_kwargs=True) for layer in self._layers
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _look(self, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        resid_pre = (args[0] if args else kwargs["hidden_states"]).double()  # [B, T, hidden]
        resid_post = output[0] if isinstance(output, tuple) else output
        resid_post = resid_post.double().to(resid_pre.device)
        size = float(resid_pre.abs().max()) or 1.0
        self.change = max(self.change, _difference(resid_post, resid_pre) / size)


def refuse_failures(name: str, checks: Sequence[Check], dtype: torch.dtype) -> None:
    """Raise RemovalError unless all checks hold.

    Args:
        name: of the model, for the message.
        checks: the results of `verify`.
        dtype: of the model; its rounding decides the allowed difference.
    """
    cached = ALLOWED.get(dtype, ALLOWED_IN_HALF)
    exact = ALLOWED.get(dtype, ALLOWED_OF_ORACLE)
    for check in checks:
        for what, found, allowed in (
            ("logits differ from those of the model with zeroed weights", check.oracle, exact),
            ("logits with a KV cache differ from those without", check.cache, cached),
            ("a dropped block still changes the residual stream", check.remainder, exact),
        ):
            if not found <= allowed:
                raise RemovalError(
                    f"model {name} cannot be pruned: with {check.removed} removed, {what} by "
                    f"{found:.1e} of their size (allowed {allowed:.0e}); {NEEDS_ENTRY}"
                )
        if not check.generation:
            raise RemovalError(
                f"model {name} cannot be pruned: with {check.removed} removed, it continues left-padded "
                f"prompts differently than with zeroed weights; {NEEDS_ENTRY}"
            )
    if checks and not any(check.differs for check in checks):
        raise RemovalError(
            f"model {name} cannot be pruned: its logits are the same whatever is removed; either the layers found are "
            f"not its decoder's and {NEEDS_ENTRY}, or they add too little to show in {dtype}: type "
            "scoring.dtype: float32"
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
        for parameter in model.toggles[sublayer].module.parameters()
    ]
    # On the CPU: a model may fill its GPU.
    kept = [parameter.detach().to("cpu", copy=True) for parameter in parameters]
    try:
        for parameter in parameters:
            parameter.zero_()
        yield
    finally:
        for parameter, value in zip(parameters, kept, strict=True):
            parameter.copy_(value)


def _tokens(model: PrunableModel, rows: int) -> torch.Tensor:
    vocabulary = int(model.model.config.get_text_config(decoder=True).vocab_size)
    vocabulary = min(vocabulary, model.embedding_rows or vocabulary)
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(vocabulary, (rows, SELF_TEST_TOKENS), generator=generator)
    return ids.to(model.device)


def _logits(model: PrunableModel) -> torch.Tensor:
    logits: torch.Tensor = model.model(input_ids=_tokens(model, 2), use_cache=False).logits
    return logits.double()


def _logits_by_token(model: PrunableModel) -> torch.Tensor:
    """Prefill, then one token at a time with the KV cache; logits of all positions."""
    tokens = _tokens(model, 2)
    out = model.model(input_ids=tokens[:, :PREFILL], use_cache=True)
    logits = [out.logits]
    for position in range(PREFILL, SELF_TEST_TOKENS):
        out = model.model(
            input_ids=tokens[:, position : position + 1],
            past_key_values=out.past_key_values,
            use_cache=True,
        )
        logits.append(out.logits)
    return torch.cat(logits, 1).double()


def _continuation(model: PrunableModel) -> torch.Tensor:
    """Greedy continuation of two prompts, the first padded on the left."""
    tokens = _tokens(model, 2)
    mask = torch.ones_like(tokens)
    mask[0, : SELF_TEST_TOKENS // 2] = 0
    tokens[0, : SELF_TEST_TOKENS // 2] = 0
    result: torch.Tensor = generate_greedily(model.model, tokens, mask, NEW_TOKENS).sequences
    return result


def _difference(one: torch.Tensor, other: torch.Tensor) -> float:
    """Largest absolute difference; infinite if either contains NaN."""
    difference = float((one - other).abs().max())
    return difference if difference == difference else float("inf")
