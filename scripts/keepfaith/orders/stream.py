"""The residual stream before and behind every component, while the model reads calibration text."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import nn

from keepfaith.models.components import Component, Step
from keepfaith.models.families import LayerSite
from keepfaith.models.removal import PrunableModel

Observe = Callable[[Component, torch.Tensor, torch.Tensor], None]
"""(component, stream before it, stream behind it), both [B, T, hidden] in float64."""


def observe_stream(
    model: PrunableModel,
    samples: Sequence[torch.Tensor],
    components: Iterable[Component],
    observe: Observe,
    dropped: Iterable[Step] = (),
) -> None:
    """Run the model over `samples` and show `observe` the stream X before and Y = X + f(X) behind every component.

    Where attention and MLP run in parallel (GPT-NeoX, Phi, Falcon, Cohere), X is the layer's input, which
    both read, and Y leaves the other's part out. Where the architecture normalises or scales a sub-layer's
    output before adding it (Gemma 2 and 3, OLMo 2, GLM 4, Granite), Y uses what is really added.

    Args:
        model: the dense model.
        samples: token ids [B, T], unpadded.
        components: those to watch; none of `dropped`.
        observe: called once per component and sample.
        dropped: components removed meanwhile.
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
    """Per component the mean of `measure(X, Y)` over all its values in all samples.

    Args:
        model, samples, components, dropped: as `observe_stream`.
        measure: (stream before, stream behind) -> values, of any shape.
    """
    sums, counts = dict.fromkeys(components, 0.0), dict.fromkeys(components, 0)

    def add(component: Component, before: torch.Tensor, behind: torch.Tensor) -> None:
        values = measure(before, behind)
        sums[component] += float(values.sum())
        counts[component] += values.numel()

    observe_stream(model, samples, components, add, dropped)
    return {component: sums[component] / counts[component] for component in components}


def cosines(before: torch.Tensor, behind: torch.Tensor) -> torch.Tensor:
    """Cosine of the streams at every token, [..., hidden] -> [...]."""
    return nn.functional.cosine_similarity(before, behind, dim=-1, eps=1e-30)


class _Watch:
    """Hooks on one layer; the stream is held only while that layer runs."""

    def __init__(self, site: LayerSite, components: Sequence[Component], observe: Observe) -> None:
        self._site = site
        self._units = components
        self._observe = observe
        self._input = torch.empty(0)
        self._added: dict[str, torch.Tensor] = {}
        self._handles = [
            site.layer.register_forward_pre_hook(self._before, with_kwargs=True),
            site.layer.register_forward_hook(self._behind),
        ]
        for kind, module in site.modules.items():
            if any(component.kind == kind for component in components):
                self._handles.append(
                    module.register_forward_hook(self._keep(kind), with_kwargs=True)
                )

    def remove(self) -> None:
        for handle in self._handles:
            handle.remove()

    def _before(self, _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._input = args[0] if args else kwargs["hidden_states"]  # [B, T, hidden]

    def _keep(self, kind: Any) -> Callable[..., None]:
        def hook(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
            residual = self._input
            if kind == "mlp" and kind in self._site.family.residual_inside:
                residual = kwargs["residual"] if "residual" in kwargs else args[1]
            found = output[0] if isinstance(output, tuple) else output
            # [B, T, hidden]. A copy: Falcon adds the attention to this very tensor.
            added = self._site.contribution(kind, found, residual.to(found.device))
            self._added[kind] = added.to(torch.float64, copy=True)

        return hook

    def _behind(self, _: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        # [B, T, hidden], as is `before`
        behind = (output[0] if isinstance(output, tuple) else output).double()
        # A layer of a spread model is handed its input from another GPU.
        before = self._input.double().to(behind.device)
        for component in self._units:
            if component.kind == "block":
                self._observe(component, before, behind)
            elif component.kind == "attention" or self._site.parallel:
                self._observe(component, before, before + self._added[component.kind])
            else:
                # The MLP comes last: what it met is what the layer returns, less what it added.
                self._observe(component, behind - self._added[component.kind], behind)
        self._input, self._added = torch.empty(0), {}
