"""All levels of a path in one pass.

Level k is level k-1 with one more layer's attention removed, so both agree on everything below that
layer. One pass therefore carries *groups*: runs of levels that agree so far. It starts with one group of
all levels; at a layer that some of a group's levels have dropped and others not, the group splits in
two, one with attention and one without.

Above the last attention that a level keeps, its tokens no longer look at each other. From there on the
level is *settled*: only the positions whose logits are read go on. Pruning the upper layers first, as
most criteria do, settles levels early.

    order 2, 0; levels 0 1 2        layer 0      layer 1      layer 2
                                    (0 1) (2)    (0 1) (2)    (0), settled (1) (2)

Nothing is approximated: each level meets exactly the operations that it would meet alone, at every
position that is read.

Groups travel along the batch axis, [groups * B, T, hidden], so the model's own code between its layers
(embedding, masks, rotary tables before; final norm and head after) needs no knowledge of them. Settled
levels wait outside until the last layer puts them back where they are read.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from keepfaith.models.removal import AttentionSwitch, PrunableModel, check_order

Group = tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """What a layer does for some levels of a group: `on` with attention, `settled` read positions only."""

    levels: Group
    on: bool
    settled: bool


def plan(layers: int, order: Sequence[int], levels: Sequence[int]) -> list[list[list[Part]]]:
    """What every layer does to every group that reaches it.

    Args:
        layers: number of layers.
        order: layers in the order in which they are dropped.
        levels: distinct levels, ascending.

    Returns:
        Per layer and group the group's parts, in the order of levels. Settled parts reach no further layer.
    """
    position_of = {layer: position for position, layer in enumerate(order, start=1)}
    last_attention = {
        level: max((layer for layer in range(layers) if layer not in order[:level]), default=-1)
        for level in levels
    }
    groups: list[Group] = [tuple(levels)]
    steps = []
    for layer in range(layers):
        step = []
        for group in groups:
            kept = tuple(level for level in group if level < position_of.get(layer, layers + 1))
            parts = [Part(kept, on=True, settled=False)] if kept else []
            going_on = tuple(
                level for level in group if level not in kept and last_attention[level] > layer
            )
            parts += [Part(going_on, on=False, settled=False)] if going_on else []
            # Two levels that agree up to here and attend nowhere above would be the same level.
            parts += [
                Part((level,), on=False, settled=True)
                for level in group
                if level not in kept and last_attention[level] < layer
            ]
            step.append(parts)
        steps.append(step)
        groups = [part.levels for parts in step for part in parts if not part.settled]
    return steps


class Sweep:
    """Forwards through layers that compute all levels.

    Attributes:
        reads: rows and columns, each [N], of the batch's places that are read; set before every forward.
    """

    def __init__(self, levels: Sequence[int]) -> None:
        self.reads = (torch.empty(0, dtype=torch.long),) * 2
        self._levels = tuple(levels)
        self._batch_size = 0
        self._settled: dict[int, torch.Tensor] = {}

    def run_layer(
        self,
        run: Any,
        switch: AttentionSwitch,
        step: Sequence[Sequence[Part]],
        first: bool,
        last: bool,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """One decoder layer: `run` on every group, once per part of `step`, and on the settled levels."""
        hidden: torch.Tensor = args[0] if args else kwargs["hidden_states"]
        if first:
            self._batch_size, self._settled = hidden.shape[0], {}

        def call(states: torch.Tensor, on: bool) -> Any:
            switch.on = on
            if args:
                return run(states, *args[1:], **kwargs)
            return run(**{**kwargs, "hidden_states": states})

        live: dict[Group, torch.Tensor] = {}
        try:
            for states, parts in zip(torch.split(hidden, self._batch_size), step, strict=False):
                for part in parts:
                    if part.settled:
                        self._settled[part.levels[0]] = states[self.reads]
                    else:
                        output = call(states, part.on)
                        live[part.levels] = _states(output)
            if self._settled:
                output = call(torch.stack(list(self._settled.values())), False)
                self._settled = dict(zip(self._settled, _states(output), strict=True))
        finally:
            switch.on = True
        states = self._assembled(live, hidden) if last else _joined(live, hidden)
        return (states, *output[1:]) if isinstance(output, tuple) else states

    def _assembled(self, live: dict[Group, torch.Tensor], like: torch.Tensor) -> torch.Tensor:
        """[levels * B, T, hidden], level by level; zeros where a settled level is not read."""
        result = like.new_zeros((len(self._levels), self._batch_size, *like.shape[1:]))
        for place, level in enumerate(self._levels):
            if level in self._settled:
                result[place][self.reads] = self._settled[level]
            else:
                result[place] = live[(level,)]
        return result.flatten(0, 1)


def _joined(live: dict[Group, torch.Tensor], hidden: torch.Tensor) -> torch.Tensor:
    """[groups * B, T, hidden]; once all levels are settled, any such tensor, as it is not read."""
    if len(live) == 1:
        return next(iter(live.values()))
    return torch.cat(list(live.values())) if live else hidden


def _states(output: Any) -> torch.Tensor:
    states: torch.Tensor = output[0] if isinstance(output, tuple) else output
    return states


@contextmanager
def sweeping(model: PrunableModel, order: Sequence[int], levels: Sequence[int]) -> Iterator[Sweep]:
    """Inside, every forward of the model computes all `levels` of `order`, at the places that are read.

    Hidden states behind the last layer, and so the logits, are [levels * B, T, ...], level by level.

    Args:
        model: all of its layers must be switched on.
        order: layers in the order in which they are dropped.
        levels: distinct levels, ascending.
    """
    check_order(order, levels)
    if sorted(set(levels)) != list(levels):
        raise ValueError(f"levels {list(levels)} are not distinct and ascending")
    sweep = Sweep(levels)
    steps = plan(model.layers, order, levels)
    patched: list[nn.Module] = []
    with model.dropping(()):
        try:
            for site, switch, step in zip(model.sites, model.switches, steps, strict=True):
                ends = site is model.sites[0], site is model.sites[-1]
                run = site.layer.forward
                site.layer.forward = partial(sweep.run_layer, run, switch, step, *ends)
                patched.append(site.layer)
            yield sweep
        finally:
            for layer in patched:
                del layer.__dict__["forward"]
