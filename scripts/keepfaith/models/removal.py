"""Removing sub-layers in memory, and putting them back.

A removed sub-layer computes nothing: its module answers with zeros (or with the residual, where the
architecture adds it inside), which equals zeroing its output projection (Gromov et al. 2024,
arXiv:2403.17887, and He et al. 2024, arXiv:2406.15786, drop sub-layers this way).

With a KV cache the removed attention still has to be counted: `Cache.get_seq_length()` and the masks ask
the first layer of each kind how many tokens were seen. So it stores one head of width one per token.
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


class Absence:
    """How a removed sub-layer answers in the place of one module."""

    def __init__(self, sublayer: Sublayer, module: nn.Module, family: Family) -> None:
        self.sublayer = sublayer
        self.family = family
        self.cache_index = int(getattr(module, "layer_idx", None) or sublayer.layer)
        self._signature = inspect.signature(type(module).forward)

    def answer(self, *args: Any, **kwargs: Any) -> Any:
        """What the module would return if it added nothing to the residual stream."""
        arguments = self._signature.bind(None, *args, **kwargs).arguments
        # The first argument after `self`, whatever an architecture calls it: [B, T, hidden].
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


class Shadow:
    """Another `forward` for a module until `lift`; the one before may be a shadow too, as that of a spread model is."""

    def __init__(self, module: nn.Module, forward: Callable[..., Any]) -> None:
        self._module = module
        self._before = module.__dict__.get("forward")
        module.forward = forward

    def lift(self) -> None:
        """Give the module the `forward` back that it had."""
        if self._before is None:
            del self._module.__dict__["forward"]
        else:
            self._module.forward = self._before


class Switch:
    """Stands before one sub-layer: `on` runs it, off answers as if it added nothing.

    The module stays where it is (same name, same weights, same hooks); only its `forward` is shadowed,
    so that saving, loading and reading the model's attributes work as before.
    """

    def __init__(self, site: LayerSite, kind: SublayerKind) -> None:
        self.module = site.modules[kind]
        self.on = True
        self._run = self.module.forward
        # A module that is gone for good answers for itself, switched on or off.
        self._absence: Absence = getattr(self.module, "absence", None) or Absence(
            Sublayer(site.index, kind), self.module, site.family
        )
        self._shadow = Shadow(self.module, self._forward)

    def uninstall(self) -> None:
        """Give the module its own `forward` back."""
        self._shadow.lift()

    def _forward(self, *args: Any, **kwargs: Any) -> Any:
        return self._run(*args, **kwargs) if self.on else self._absence.answer(*args, **kwargs)


def _count_tokens(cache: Cache, index: int, hidden: torch.Tensor) -> None:
    """Let layer `index` of the cache see the tokens of `hidden`, at one number per key and value."""
    layer = cache.layers[index] if index < len(cache.layers) else None
    keys = getattr(layer, "keys", None)  # [B, heads, tokens, width]
    # A static cache may have been allocated ahead: then keep the shape that it has.
    heads, width = (keys.shape[1], keys.shape[3]) if keys is not None and keys.ndim == 4 else (1, 1)
    # [B, heads, T, width]
    placeholder = hidden.new_zeros((hidden.shape[0], heads, hidden.shape[1], width))
    cache.update(placeholder, placeholder, index)


class PrunableModel:
    """A causal language model whose sub-layers can be removed one by one.

    Attributes:
        model: the wrapped model; call it as usual, inside `dropping` or `at_level` with sub-layers removed.
        sites: its decoder layers.
        switches: one per sub-layer that can be removed.

    Examples:
        >>> from keepfaith.config.load import BUILTIN_CHECKPOINT
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
        self.switches = {
            Sublayer(site.index, kind): Switch(site, kind)
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
        """Rows of the input embedding: one per token id that the model can be given; None where it has no table."""
        weight = getattr(self.model.get_input_embeddings(), "weight", None)
        return None if weight is None else int(weight.shape[0])

    @property
    def context_length(self) -> int | None:
        """Longest input the architecture admits, or None where it has no limit of its own."""
        return longest_input(self.model.config)

    @property
    def dropped(self) -> tuple[Sublayer, ...]:
        """The sub-layers that are removed at this moment."""
        return tuple(sorted(name for name, switch in self.switches.items() if not switch.on))

    def switches_of(self, site: LayerSite) -> dict[SublayerKind, Switch]:
        """The switches of one layer."""
        return {kind: self.switches[Sublayer(site.index, kind)] for kind in site.modules}

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
        if absent := sorted(chosen - set(self.switches)):
            raise UnsupportedModelError(
                f"{self.model.config.model_type}: the {absent[0]} is not one module and cannot be dropped"
            )
        return chosen

    @contextmanager
    def dropping(self, steps: Iterable[Step]) -> Iterator[nn.Module]:
        """Remove exactly these components; the previous state returns afterwards.

        Raises:
            ValueError, UnsupportedModelError: as `removable`.
        """
        chosen = self.removable(steps)
        before = {name: switch.on for name, switch in self.switches.items()}
        try:
            for name, switch in self.switches.items():
                switch.on = name not in chosen
            yield self.model
        finally:
            for name, switch in self.switches.items():
                switch.on = before[name]

    @contextmanager
    def at_level(self, order: Sequence[Step], level: int) -> Iterator[nn.Module]:
        """Remove the first `level` components of `order`; level 0 is the dense model.

        Raises:
            ValueError: the order drops something twice or is shorter than the level.
        """
        check_order(order, [level])
        with self.dropping(order[:level]) as model:
            yield model
