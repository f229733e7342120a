"""AttnLRP: rules under which a gradient times its input is the relevance that is propagated back to it.

Achtibat et al. 2024 (arXiv:2402.05602) propagate relevance layer by layer. Where R is the gradient times the input,
their rules are changes of the backward pass alone:

- a linear layer: nothing (the epsilon rule with epsilon 0; a bias takes its share);
- an elementwise function f (identity rule, eq. 9): its gradient is f(x) / x;
- a normalisation by the root mean square: its divisor counts as a constant;
- a product of two factors (uniform rule, eq. 7): each takes half;
- softmax: its own gradient (Taylor expansion at x, eq. 13, without the bias).

Inside `relevance_rules` forward passes are the model's own, so log-likelihoods are as they were.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, eager_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from keepfaith.models.families import UnsupportedModelError
from keepfaith.models.relevance_types import ONE_PLUS_WEIGHT, SUPPORTED
from keepfaith.models.removal import PatchedForward, PrunableModel

ATTENTION = "keepfaith_relevance"
"""Name of the attention function under which the rules run."""


class _WithGradient(torch.autograd.Function):
    """A value that was computed from x, whose gradient by x is a factor that counts as a constant."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, value: torch.Tensor, factor: torch.Tensor | float
    ) -> torch.Tensor:
        """`value`, [...] as `x`."""
        ctx.factor = factor
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[torch.Tensor, None, None]:
        """The gradient times the factor."""
        return gradients[0] * ctx.factor, None, None


def _with_gradient(
    x: torch.Tensor, value: torch.Tensor, factor: torch.Tensor | float
) -> torch.Tensor:
    found: torch.Tensor = _WithGradient.apply(x, value, factor)  # type: ignore[no-untyped-call]
    return found


def _halved(product: torch.Tensor) -> torch.Tensor:
    """A product of two factors, each of which takes half of its relevance."""
    return _with_gradient(product, product.detach(), 0.5)


def _elementwise(function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """f(x) with the gradient f(x) / x; an input of 0 has no relevance to receive."""
    inner = x.detach()
    value = function(inner)
    return _with_gradient(x, value, torch.where(inner == 0, 0.0, value / inner))


def _normalised(norm: Any, plus: float, x: torch.Tensor) -> torch.Tensor:
    """A normalisation by the root mean square, whose divisor counts as a constant."""
    x = x.to(norm.weight.device)  # a model spread over several devices
    inner = x.detach()
    value = type(norm).forward(norm, inner)
    epsilon = getattr(norm, "variance_epsilon", None) or norm.eps
    divisor = (inner.pow(2).mean(-1, keepdim=True) + epsilon).rsqrt()
    return _with_gradient(x, value, divisor * (plus + norm.weight))


def _gated(mlp: Any, x: torch.Tensor) -> torch.Tensor:
    """down(act(gate x) * up x): the activation by the identity rule, the product by the uniform rule."""
    found: torch.Tensor = mlp.down_proj(
        _halved(_elementwise(mlp.act_fn, mlp.gate_proj(x)) * mlp.up_proj(x))
    )
    return found


def _attend(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    softcap: float | None = None,
    **_: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention whose two products follow the uniform rule.

    Args:
        query: [B, heads, T, size].
        key, value: [B, key heads, T, size].
        attention_mask: additive, [B, 1, T, T], or None.
    """
    groups = query.shape[1] // key.shape[1]
    key, value = (x.repeat_interleave(groups, dim=1) for x in (key, value))  # [B, heads, T, size]
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    scores = _halved(query @ key.transpose(2, 3) * scale)  # [B, heads, T, T]
    if softcap is not None:
        scores = _elementwise(lambda x: torch.tanh(x / softcap) * softcap, scores)
    if attention_mask is not None:
        scores = scores + attention_mask
    weights = scores.softmax(-1, dtype=scores.dtype)
    output = _halved(weights @ value)
    return output.transpose(1, 2).contiguous(), weights


@contextmanager
def relevance_rules(model: PrunableModel) -> Iterator[None]:
    """Inside, gradients of the model are those of AttnLRP.

    Raises:
        UnsupportedModelError: the rules are not known for this architecture.
    """
    config = model.model.config
    text = config.get_text_config(decoder=True)
    if text.model_type not in SUPPORTED:
        raise UnsupportedModelError(
            f"AttnLRP has no rules for {text.model_type!r} models, only for {', '.join(SUPPORTED)}; leave attnlrp out "
            "of methods, or explain by another method"
        )
    ALL_ATTENTION_FUNCTIONS.register(ATTENTION, _attend)
    ALL_MASK_ATTENTION_FUNCTIONS.register(ATTENTION, eager_mask)
    plus = 1.0 if text.model_type in ONE_PLUS_WEIGHT else 0.0
    toggles = {id(toggle.module): toggle for toggle in model.toggles.values()}
    kernels = [
        (part, part._attn_implementation) for part in {id(c): c for c in (config, text)}.values()
    ]
    with ExitStack() as patches:
        for module in model.model.modules():
            rule = _rule_of(module, plus)
            if rule is None:
                continue
            if id(module) in toggles:
                patches.enter_context(toggles[id(module)].running(rule))
            else:
                # On the instance: other models of the class, in other threads, stay as they are.
                patches.callback(PatchedForward(module, rule).restore)
        for part, kernel in kernels:
            part._attn_implementation = ATTENTION
            patches.callback(setattr, part, "_attn_implementation", kernel)
        yield


def _rule_of(module: nn.Module, plus: float) -> Callable[[torch.Tensor], torch.Tensor] | None:
    if type(module).__name__.endswith("RMSNorm"):
        return partial(_normalised, module, plus)
    if all(hasattr(module, name) for name in ("gate_proj", "up_proj", "down_proj", "act_fn")):
        return partial(_gated, module)
    return None
