"""Check that resid_pre and resid_post of the sub-layers agree with their layer, on every model before it is ranked.

A criterion that compares the residual stream before and after a sub-layer must know how an architecture adds the
sub-layer's output to it: normalised, scaled, or in parallel to the other. If `models.families` is wrong about
that, nothing fails, but the order is wrong.
"""

from typing import Any

import torch

from keepfaith.models.components import Component, ComponentKind
from keepfaith.models.families import LayerSite, UnsupportedModelError
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.stream import observe_stream
from keepfaith.plugins.criterion import CRITERIA

TOKENS = 16
ROUNDINGS = 8
"""Allowed difference in roundings of the model's dtype."""


def check_stream(model: PrunableModel, sample: torch.Tensor) -> None:
    """Check that attention and MLP of every layer together add what the layer adds, and that the MLP reads its input.

    Layers whose MLP is not one module are not checked.

    Args:
        model: the dense model.
        sample: token ids [B, T], unpadded; the first few are used.

    Raises:
        UnsupportedModelError: they do not.
    """
    tokens = sample[:1, :TOKENS]
    sites = [site for site in model.sites if "mlp" in site.modules]
    for site, found in zip(sites, _unexplained(model, sites, tokens), strict=True):
        allowed = ROUNDINGS * torch.finfo(model.dtype).eps
        if not found <= allowed:
            raise _unsupported(
                model, f"the sub-layers of layer {site.index} do not add up to it ({found:.1e} off)"
            )
    # One layer is enough: parallel or not is a property of the architecture.
    answers = ((site, _reads_the_layers_input(model, site, tokens)) for site in sites)
    for site, reads in answers:
        if reads is None:
            continue
        if reads != site.parallel:
            where = "the layer's input" if reads else "the output of attention"
            raise _unsupported(model, f"the MLP of layer {site.index} reads {where}")
        break


def _unsupported(model: PrunableModel, what: str) -> UnsupportedModelError:
    kind = model.model.config.get_text_config(decoder=True).model_type
    others = [name for name, other in CRITERIA.all().items() if not other.reads_stream]
    return UnsupportedModelError(
        f"{kind}: {what}, contrary to keepfaith/models/families.py; add an entry there, or use a criterion "
        f"that does not read the residual stream ({', '.join(others)})"
    )


def _unexplained(model: PrunableModel, sites: list[LayerSite], tokens: torch.Tensor) -> list[float]:
    """Per layer: what it adds minus what its sub-layers add, relative to the sum of absolute values."""
    seen: dict[Component, tuple[torch.Tensor, torch.Tensor]] = {}
    kinds: tuple[ComponentKind, ...] = ("attention", "mlp", "block")
    watched = [Component(site.index, kind) for site in sites for kind in kinds]
    observe_stream(model, [tokens], watched, lambda one, *resid: seen.__setitem__(one, resid))
    found = []
    for site in sites:
        resid = [seen[Component(site.index, kind)] for kind in kinds]
        attention, mlp, block = (resid_post - resid_pre for resid_pre, resid_post in resid)
        size = torch.stack([*resid[2], attention, mlp]).abs().sum(0).clamp_min(1e-30)
        found.append(float(((attention + mlp - block).abs() / size).max()))
    return found


def _reads_the_layers_input(
    model: PrunableModel, site: LayerSite, tokens: torch.Tensor
) -> bool | None:
    """Whether the MLP's input is the same without the layer's attention; None if attention adds nothing."""
    given, output = _mlp_input_and_output(model, site, tokens, [])
    without, output_without = _mlp_input_and_output(model, site, tokens, [Component(site.index)])
    return None if torch.equal(output, output_without) else torch.equal(given, without)


def _mlp_input_and_output(
    model: PrunableModel, site: LayerSite, tokens: torch.Tensor, dropped: list[Component]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Input of a layer's MLP, and output of the layer."""
    found: dict[str, torch.Tensor] = {}

    def before_mlp(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        found["input"] = (args[0] if args else next(iter(kwargs.values()))).clone()

    def after_layer(_: Any, __: tuple[Any, ...], output: Any) -> None:
        found["output"] = (output[0] if isinstance(output, tuple) else output).clone()

    handles = [
        site.modules["mlp"].register_forward_pre_hook(before_mlp, with_kwargs=True),
        site.layer.register_forward_hook(after_layer),
    ]
    try:
        with torch.inference_mode(), model.dropping(dropped):
            model.model(input_ids=tokens.to(model.device), use_cache=False, logits_to_keep=1)
    finally:
        for handle in handles:
            handle.remove()
    return found["input"], found["output"]
