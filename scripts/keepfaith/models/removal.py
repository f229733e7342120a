"""Removing sub-layers in memory, and restoring them.

A removed sub-layer computes nothing: its module returns zeros (or the residual, where the
architecture adds it inside), which equals zeroing its output projection (Gromov et al. 2024,
arXiv:2403.17887, and He et al. 2024, arXiv:2406.15786, drop sub-layers this way).

With a KV cache the removed attention must still count tokens: `Cache.get_seq_length()` and the masks ask
the first layer of each kind how many tokens it has seen. So it stores one head of width one per token.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.cache_utils import Cache

from keepfaith.models.components import (
    SUBLAYERS,
    Step,
    Sublayer,
    SublayerKind,
    as_component,
    check_order,
    sublayers_of,
)
from keepfaith.models.families import Family, LayerSite, UnsupportedModelError, layer_sites
from keepfaith.models.positions import longest_input


class NoOp:
    """The no-op that replaces the module of a removed sub-layer."""

    def __init__(self, sublayer: Sublayer, module: nn.Module, family: Family) -> None:
        self.sublayer = sublayer
        self.family = family
        self.cache_index = int(getattr(module, "layer_idx", None) or sublayer.layer)
        self._signature = inspect.signature(type(module).forward)

    def answer(self, *args: Any, **kwargs: Any) -> Any:
        """The module's return value if it added nothing to the residual stream."""
        arguments = self._signature.bind(None, *args, **kwargs).arguments
        # The first tensor after `self`; architectures name it differently: [B, T, hidden].
        hidden: torch.Tensor = next(
            value for name, value in arguments.items() if name != "self" and torch.is_tensor(value)
        )
        kind = self.sublayer.kind
        if kind == "attention":
            for value in (*args, *kwargs.values()):
                if isinstance(value, Cache):
                    _count_tokens(value, self.cache_index, hidden)
        inside = kind in self.family.residual_inside
        nothing = arguments["residual"] if inside else torch.zeros_like(hidden)
        return (nothing, None) if kind in self.family.pairs else nothing


class PatchedForward:
    """Another `forward` for a module until `restore`; the previous one may be a patch too, as in a spread model."""

    def __init__(self, module: nn.Module, forward: Callable[..., Any]) -> None:
        self._module = module
        self._before = module.__dict__.get("forward")
        module.forward = forward

    def restore(self) -> None:
        """Put back the previous `forward`."""
        if self._before is None:
            del self._module.__dict__["forward"]
        else:
            self._module.forward = self._before


class Toggle:
    """Turns one sub-layer on and off: `on` runs it, off returns the no-op's answer.

    The module stays where it is (same name, same weights, same hooks); only its `forward` is patched,
    so saving, loading and reading the model's attributes work as before.
    """

    def __init__(self, site: LayerSite, kind: SublayerKind) -> None:
        self.module = site.modules[kind]
        self.on = True
        self._run = self.module.forward
        # A module that was replaced permanently has its own no-op.
        self._no_op: NoOp = getattr(self.module, "no_op", None) or NoOp(
            Sublayer(site.index, kind), self.module, site.family
        )
        self._patch = PatchedForward(self.module, self._forward)

    def uninstall(self) -> None:
        """Put back the module's own `forward`."""
        self._patch.restore()

    @contextmanager
    def running(self, forward: Callable[..., Any]) -> Iterator[None]:
        """Inside, the sub-layer computes `forward` while it is on; off, it is removed as always."""
        before, self._run = self._run, forward
        try:
            yield
        finally:
            self._run = before

    def _forward(self, *args: Any, **kwargs: Any) -> Any:
        return self._run(*args, **kwargs) if self.on else self._no_op.answer(*args, **kwargs)


def _count_tokens(cache: Cache, index: int, hidden: torch.Tensor) -> None:
    """Count the tokens of `hidden` in layer `index` of the cache, at one number per key and value."""
    layer = cache.layers[index] if index < len(cache.layers) else None
    keys = getattr(layer, "keys", None)  # [B, heads, tokens, width]
    # A static cache may be allocated already: then keep its shape.
    heads, width = (keys.shape[1], keys.shape[3]) if keys is not None and keys.ndim == 4 else (1, 1)
    # [B, heads, T, width]
    placeholder = hidden.new_zeros((hidden.shape[0], heads, hidden.shape[1], width))
    cache.update(placeholder, placeholder, index)


class PrunableModel:
    """A causal language model whose sub-layers can be removed one by one.

    Attributes:
        model: the wrapped model; call it as usual. Inside `dropping` or `at_level` it runs with sub-layers removed.
        sites: its decoder layers.
        toggles: one per sub-layer that can be removed.

    Examples:
        >>> from keepfaith.config.shipped import BUILTIN_CHECKPOINT
        >>> from keepfaith.models.loading import load_model
        >>> model = PrunableModel(load_model(BUILTIN_CHECKPOINT, device="cpu"))
        >>> ids = torch.tensor([[5, 6, 7]])
        >>> dense = model.model(ids).logits
        >>> with model.at_level(order=[7, 6], level=2) as pruned:  # without the attention of layers 7 and 6
        ...     torch.equal(pruned(ids).logits, dense)
        False
        >>> torch.equal(model.model(ids).logits, dense)
        True
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.sites = layer_sites(model)
        self.toggles = {
            Sublayer(site.index, kind): Toggle(site, kind)
            for kind in SUBLAYERS
            for site in self.sites
            if kind in site.modules
        }

    @property
    def layers(self) -> int:
        """Number of decoder layers, each with one attention sub-layer."""
        return len(self.sites)

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def dtype(self) -> torch.dtype:
        return self.model.dtype

    @property
    def embedding_rows(self) -> int | None:
        """Rows of the input embedding, one per token id that the model accepts; None if it has no such table."""
        weight = getattr(self.model.get_input_embeddings(), "weight", None)
        return None if weight is None else int(weight.shape[0])

    @property
    def context_length(self) -> int | None:
        """Longest input that the architecture accepts, or None if it has no limit."""
        return longest_input(self.model.config)

    @property
    def dropped(self) -> tuple[Sublayer, ...]:
        """The sub-layers that are currently removed."""
        return tuple(sorted(name for name, toggle in self.toggles.items() if not toggle.on))

    def toggles_of(self, site: LayerSite) -> dict[SublayerKind, Toggle]:
        """The toggles of one layer."""
        return {kind: self.toggles[Sublayer(site.index, kind)] for kind in site.modules}

    def removable(self, steps: Iterable[Step]) -> frozenset[Sublayer]:
        """The sub-layers that these components drop, checked.

        Raises:
            ValueError: a layer index is outside the model.
            UnsupportedModelError: the architecture has no such module to remove.
        """
        components = [as_component(step) for step in steps]
        outside = sorted({component.layer for component in components} - set(range(self.layers)))
        if outside:
            raise ValueError(f"layers {outside} are outside the model, which has {self.layers}")
        chosen = sublayers_of(components)
        if missing := sorted(chosen - set(self.toggles)):
            raise UnsupportedModelError(
                f"{self.model.config.model_type}: the {missing[0]} is not one module and cannot be dropped"
            )
        return chosen

    @contextmanager
    def dropping(self, steps: Iterable[Step]) -> Iterator[nn.Module]:
        """Remove exactly these components; the previous state is restored afterwards.

        Raises:
            ValueError, UnsupportedModelError: as `removable`.
        """
        chosen = self.removable(steps)
        before = {name: toggle.on for name, toggle in self.toggles.items()}
        try:
            for name, toggle in self.toggles.items():
                toggle.on = name not in chosen
            yield self.model
        finally:
            for name, toggle in self.toggles.items():
                toggle.on = before[name]

    @contextmanager
    def at_level(self, order: Sequence[Step], level: int) -> Iterator[nn.Module]:
        """Remove the first `level` components of `order`; level 0 is the dense model.

        Raises:
            ValueError: the order drops something twice or is shorter than the level.
        """
        check_order(order, [level])
        with self.dropping(order[:level]) as model:
            yield model
