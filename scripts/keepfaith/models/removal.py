"""Removing attention sub-layers in memory, and putting them back.

A removed sub-layer computes nothing: its module answers with zeros (or with the residual, where the
architecture adds it inside), which equals zeroing its output projection (Gromov et al. 2024,
arXiv:2403.17887, and He et al. 2024, arXiv:2406.15786, drop sub-layers this way).

With a KV cache the removed layer still has to be counted: `Cache.get_seq_length()` and the masks ask
the first layer of each kind how many tokens were seen. So it stores one head of width one per token.
"""

import inspect
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.cache_utils import Cache

from keepfaith.models.families import AttentionSite, attention_sites


class AttentionSwitch:
    """Stands before one attention module: `on` runs it, off answers as if it added nothing.

    The module stays where it is (same name, same weights, same hooks); only its `forward` is shadowed,
    so that saving, loading and reading the model's attributes work as before.
    """

    def __init__(self, site: AttentionSite) -> None:
        self.site = site
        self.on = True
        self._run = site.attention.forward
        self._signature = inspect.signature(type(site.attention).forward)
        self._cache_index = int(getattr(site.attention, "layer_idx", None) or site.index)
        site.attention.forward = self._forward

    def uninstall(self) -> None:
        """Give the module its own `forward` back."""
        del self.site.attention.__dict__["forward"]

    def _forward(self, *args: Any, **kwargs: Any) -> Any:
        if self.on:
            return self._run(*args, **kwargs)
        arguments = self._signature.bind(self.site.attention, *args, **kwargs).arguments
        hidden: torch.Tensor = arguments["hidden_states"]
        for value in (*args, *kwargs.values()):
            if isinstance(value, Cache):
                _count_tokens(value, self._cache_index, hidden)
        inside = self.site.family.residual_inside
        return (arguments["residual"] if inside else torch.zeros_like(hidden)), None


def _count_tokens(cache: Cache, index: int, hidden: torch.Tensor) -> None:
    """Let layer `index` of the cache see the tokens of `hidden`, at one number per key and value."""
    layer = cache.layers[index] if index < len(cache.layers) else None
    keys = getattr(layer, "keys", None)
    # A static cache may have been allocated ahead: then keep the shape that it has.
    heads, width = (keys.shape[1], keys.shape[3]) if keys is not None and keys.ndim == 4 else (1, 1)
    placeholder = hidden.new_zeros((hidden.shape[0], heads, hidden.shape[1], width))
    cache.update(placeholder, placeholder, index)


class PrunableModel:
    """A causal language model whose attention sub-layers can be removed one by one.

    Attributes:
        model: the wrapped model; call it as usual, inside `dropping` or `at_level` with layers removed.
        sites: its attention sub-layers, by layer.
        switches: one per layer.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.sites = attention_sites(model)
        self.switches = [AttentionSwitch(site) for site in self.sites]

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
    def context_length(self) -> int | None:
        """Longest input the architecture admits, or None where it has no limit of its own."""
        config = self.model.config.get_text_config(decoder=True)
        for name in ("max_position_embeddings", "n_positions", "max_seq_len"):
            if isinstance(getattr(config, name, None), int):
                return int(getattr(config, name))
        return None

    @property
    def dropped(self) -> tuple[int, ...]:
        """The layers whose attention is removed at this moment."""
        return tuple(i for i, switch in enumerate(self.switches) if not switch.on)

    @contextmanager
    def dropping(self, layers: Iterable[int]) -> Iterator[nn.Module]:
        """Remove the attention of exactly these layers; the previous state returns afterwards.

        Raises:
            ValueError: a layer index is outside the model.
        """
        chosen = set(layers)
        if outside := sorted(chosen - set(range(self.layers))):
            raise ValueError(f"layers {outside} are outside the model, which has {self.layers}")
        before = [switch.on for switch in self.switches]
        try:
            for index, switch in enumerate(self.switches):
                switch.on = index not in chosen
            yield self.model
        finally:
            for switch, on in zip(self.switches, before, strict=True):
                switch.on = on

    @contextmanager
    def at_level(self, order: Sequence[int], level: int) -> Iterator[nn.Module]:
        """Remove the first `level` layers of `order`; level 0 is the dense model.

        Raises:
            ValueError: the order names a layer twice or is shorter than the level.
        """
        check_order(order, [level])
        with self.dropping(order[:level]) as model:
            yield model


def check_order(order: Sequence[int], levels: Sequence[int]) -> None:
    """Raise ValueError unless `order` names every layer at most once and reaches all `levels`."""
    if len(set(order)) != len(order):
        raise ValueError(f"the order names a layer twice: {list(order)}")
    if not levels or min(levels) < 0 or max(levels) > len(order):
        raise ValueError(
            f"levels {list(levels)} do not lie within 0..{len(order)}, the order's length"
        )
