"""Residual stream before and after every component, while the model reads calibration text.

`resid_pre` and `resid_post` are the names of TransformerLens.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import nn

from keepfaith.models.components import Component, Step
from keepfaith.models.families import LayerSite
from keepfaith.models.removal import PrunableModel

Observe = Callable[[Component, torch.Tensor, torch.Tensor], None]
"""(component, resid_pre, resid_post), both [B, T, hidden] in float64."""


def observe_stream(
    model: PrunableModel,
    samples: Sequence[torch.Tensor],
    components: Iterable[Component],
    observe: Observe,
    dropped: Iterable[Step] = (),
) -> None:
    """Run the model over `samples`; pass resid_pre = X and resid_post = X + f(X) of every component to `observe`.

    If attention and MLP run in parallel (GPT-NeoX, Phi, Falcon, Cohere), resid_pre is the layer's input, which
    both read, and resid_post leaves out the other's contribution. If the architecture normalises or scales a
    sub-layer's output before adding it (Gemma 2 and 3, OLMo 2, GLM 4, Granite), resid_post contains the term that is
    really added.

    Args:
        model: the dense model.
        samples: token ids [B, T], unpadded.
        components: those to observe; none of `dropped`.
        observe: called once per component and sample.
        dropped: components removed during the run.
    """
    by_layer: dict[int, list[Component]] = {}
    for component in components:
        by_layer.setdefault(component.layer, []).append(component)
    watches = [_Watch(model.sites[layer], some, observe) for layer, some in by_layer.items()]
    try:
        with torch.inference_mode(), model.dropping(dropped):
            for sample in samples:
                model.model(input_ids=sample.to(model.device), use_cache=False, logits_to_keep=1)
    finally:
        for watch in watches:
            watch.remove()


def stream_means(
    model: PrunableModel,
    samples: Sequence[torch.Tensor],
    components: Sequence[Component],
    measure: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    dropped: Iterable[Step] = (),
) -> dict[Component, float]:
    """Per component the mean of `measure(resid_pre, resid_post)` over all its values in all samples.

    Args:
        model, samples, components, dropped: as `observe_stream`.
        measure: (resid_pre, resid_post) -> values, of any shape.
    """
    sums, counts = dict.fromkeys(components, 0.0), dict.fromkeys(components, 0)

    def add(component: Component, resid_pre: torch.Tensor, resid_post: torch.Tensor) -> None:
        values = measure(resid_pre, resid_post)
        sums[component] += float(values.sum())
        counts[component] += values.numel()

    observe_stream(model, samples, components, add, dropped)
    return {component: sums[component] / counts[component] for component in components}


def cosines(resid_pre: torch.Tensor, resid_post: torch.Tensor) -> torch.Tensor:
    """Cosine similarity at every token, [..., hidden] -> [...]."""
    return nn.functional.cosine_similarity(resid_pre, resid_post, dim=-1, eps=1e-30)


class _Watch:
    """Hooks on one layer; they hold tensors only while that layer runs."""

    def __init__(self, site: LayerSite, components: Sequence[Component], observe: Observe) -> None:
        self._site = site
        self._components = components
        self._observe = observe
        self._input = torch.empty(0)
        self._added: dict[str, torch.Tensor] = {}
        self._handles = [
            site.layer.register_forward_pre_hook(self._before_layer, with_kwargs=True),
            site.layer.register_forward_hook(self._after_layer),
        ]
        for kind, module in site.modules.items():
            if any(component.kind == kind for component in components):
                self._handles.append(
                    module.register_forward_hook(self._after_sublayer(kind), with_kwargs=True)
                )

    def remove(self) -> None:
        for handle in self._handles:
            handle.remove()

    def _before_layer(self, _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._input = args[0] if args else kwargs["hidden_states"]  # [B, T, hidden]

    def _after_sublayer(self, kind: Any) -> Callable[..., None]:
        def hook(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
            residual = self._input
            if kind == "mlp" and kind in self._site.family.residual_inside:
                residual = kwargs["residual"] if "residual" in kwargs else args[1]
            found = output[0] if isinstance(output, tuple) else output
            # [B, T, hidden]. A copy: Falcon adds the attention to this very tensor.
            added = self._site.contribution(kind, found, residual.to(found.device))
            self._added[kind] = added.to(torch.float64, copy=True)

        return hook

    def _after_layer(self, _: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        # resid_pre and resid_post of the layer, both [B, T, hidden]
        resid_post = (output[0] if isinstance(output, tuple) else output).double()
        # A model spread over GPUs may pass a layer its input from another GPU.
        resid_pre = self._input.double().to(resid_post.device)
        for component in self._components:
            if component.kind == "block":
                self._observe(component, resid_pre, resid_post)
            elif component.kind == "attention" or self._site.parallel:
                self._observe(component, resid_pre, resid_pre + self._added[component.kind])
            else:
                # The MLP comes last: its resid_pre is the layer's output without its own contribution.
                self._observe(component, resid_post - self._added[component.kind], resid_post)
        self._input, self._added = torch.empty(0), {}
