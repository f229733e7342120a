"""Sweep: all levels of a pruning path in one pass.

A level removes the components of the level before and more, so both agree on everything below the lowest layer where
they differ. One pass therefore carries *groups*: runs of levels that agree so far. It starts with one group of all
levels; at a layer where some levels of a group drop a sub-layer and others do not, the group splits.

Above the last attention that a level keeps, its tokens no longer attend to each other. From there on the
level is *settled*: only the positions whose logits are read are computed. Pruning the upper layers first, as
most criteria do, settles levels early.

    order 2, 0; levels 0 1 2        layer 0      layer 1      layer 2
                                    (0 1) (2)    (0 1) (2)    (0), settled (1) (2)

Nothing is approximated: at every position that is read, each level gets exactly the operations of a separate pass.

Groups are stacked along the batch axis, [groups * B, T, hidden], so the model's own code around its layers
(embedding, masks, rotary tables before; final norm and head after) does not need to know them. Settled
levels are stored separately until the last layer writes them back to the positions that are read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from keepfaith.models.components import (
    SUBLAYERS,
    Step,
    Sublayer,
    SublayerKind,
    check_order,
    sublayers_of,
)
from keepfaith.models.removal import PatchedForward, PrunableModel, Toggle

Group = tuple[int, ...]
Kept = tuple[bool, bool]
"""Whether attention and MLP of a layer are kept, (attention, mlp)."""


@dataclass(frozen=True)
class LayerPart:
    """Levels of a group that keep the same sub-layers of a layer."""

    levels: Group
    kept: Kept


@dataclass(frozen=True)
class LayerPlan:
    """The computations of one layer.

    Attributes:
        parts: per group that reaches the layer, the parts into which it splits.
        settled: by level that is settled here, what it keeps of the layer; such a level is in no group from here on.
    """

    parts: list[list[LayerPart]]
    settled: dict[int, Kept]


def plan_sweep(layers: int, order: Sequence[Step], levels: Sequence[int]) -> list[LayerPlan]:
    """The computations of every layer for the groups that reach it.

    Args:
        layers: number of layers.
        order: components in the order in which they are dropped.
        levels: distinct levels, ascending.
    """
    dropped = {level: sublayers_of(order[:level]) for level in levels}

    def kept(level: int, layer: int) -> Kept:
        return (
            Sublayer(layer, "attention") not in dropped[level],
            Sublayer(layer, "mlp") not in dropped[level],
        )

    last_attention = {
        level: max((layer for layer in range(layers) if kept(level, layer)[0]), default=-1)
        for level in levels
    }
    groups: list[Group] = [tuple(levels)]
    plans = []
    for layer in range(layers):
        settled = {level: kept(level, layer) for level in levels if last_attention[level] < layer}
        parts = []
        for group in groups:
            alike: dict[Kept, list[int]] = {}
            for level in group:
                if level not in settled:
                    alike.setdefault(kept(level, layer), []).append(level)
            parts.append([LayerPart(tuple(some), what) for what, some in alike.items()])
        plans.append(LayerPlan(parts, settled))
        groups = [part.levels for of_group in parts for part in of_group]
    return plans


class Sweep:
    """State of a forward pass that computes all levels.

    Attributes:
        reads: rows and columns, each [N], of the batch's positions that are read; set before every forward.
    """

    def __init__(self, levels: Sequence[int]) -> None:
        self.reads = (torch.empty(0, dtype=torch.long),) * 2
        self._levels = tuple(levels)
        self._batch_size = 0
        self._groups: list[Group] = []
        self._settled: dict[int, torch.Tensor] = {}

    def run_layer(
        self,
        run: Any,
        toggles: Mapping[SublayerKind, Toggle],
        plan: LayerPlan,
        first: bool,
        last: bool,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Run one decoder layer: `run` on every group, once per part of `plan`, and on the settled levels."""
        # [groups * B, T, hidden], one group before the first layer
        hidden: torch.Tensor = args[0] if args else kwargs["hidden_states"]
        if first:
            self._batch_size, self._settled = hidden.shape[0], {}
            self._groups = [self._levels]

        def call(states: torch.Tensor, kept: Kept) -> Any:
            for kind, on in zip(SUBLAYERS, kept, strict=True):
                if kind in toggles:
                    toggles[kind].on = on
            if args:
                return run(states, *args[1:], **kwargs)
            return run(**{**kwargs, "hidden_states": states})

        live: dict[Group, torch.Tensor] = {}
        output: Any = hidden
        try:
            for group, states, parts in zip(
                self._groups, torch.split(hidden, self._batch_size), plan.parts, strict=False
            ):  # states: [B, T, hidden]
                for level in group:
                    if level in plan.settled:
                        self._settled[level] = states[self._reads_on(states)]  # [N, hidden]
                for part in parts:
                    output = call(states, part.kept)
                    live[part.levels] = _states(output)  # [B, T, hidden]
            for kept in set(plan.settled.values()):
                some = [level for level, what in plan.settled.items() if what == kept]
                # [levels of `some`, N, hidden]: the positions that are read take the place of the tokens
                output = call(torch.stack([self._settled[level] for level in some]), kept)
                self._settled.update(zip(some, _states(output), strict=True))
        finally:
            for toggle in toggles.values():
                toggle.on = True
        self._groups = list(live)
        states = self._assembled(live, hidden) if last else _joined(live.values(), hidden)
        return (states, *output[1:]) if isinstance(output, tuple) else states

    def _reads_on(self, states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        rows, columns = self.reads
        return rows.to(states.device), columns.to(states.device)

    def _assembled(self, live: dict[Group, torch.Tensor], like: torch.Tensor) -> torch.Tensor:
        """[levels * B, T, hidden], level by level; zeros where a settled level is not read."""
        # On the device of the last layer, which may be another than that of the layer before.
        device = next(iter([*live.values(), *self._settled.values()])).device
        shape = (len(self._levels), self._batch_size, *like.shape[1:])
        result = like.new_zeros(shape, device=device)  # [levels, B, T, hidden]
        for index, level in enumerate(self._levels):
            if level in self._settled:
                result[index][self._reads_on(result)] = self._settled[level]  # [N, hidden]
            else:
                result[index] = live[(level,)]  # [B, T, hidden]
        return result.flatten(0, 1)


def _joined(live: Iterable[torch.Tensor], hidden: torch.Tensor) -> torch.Tensor:
    """[groups * B, T, hidden]; after all levels are settled, any such tensor, as it is not read."""
    states = list(live)
    if len(states) == 1:
        return states[0]
    return torch.cat(states) if states else hidden


def _states(output: Any) -> torch.Tensor:
    states: torch.Tensor = output[0] if isinstance(output, tuple) else output
    return states


@contextmanager
def sweeping(model: PrunableModel, order: Sequence[Step], levels: Sequence[int]) -> Iterator[Sweep]:
    """Inside, every forward of the model computes all `levels` of `order`, at the positions that are read.

    Hidden states after the last layer, and so the logits, are [levels * B, T, ...], level by level.

    Args:
        model: all of its sub-layers must be on.
        order: components in the order in which they are dropped.
        levels: distinct levels, ascending.
    """
    check_order(order, levels)
    if sorted(set(levels)) != list(levels):
        raise ValueError(f"levels {list(levels)} are not distinct and ascending")
    sweep = Sweep(levels)
    plans = plan_sweep(model.layers, order, levels)
    patches: list[PatchedForward] = []
    model.removable(order)
    with model.dropping(()):
        try:
            for site, layer_plan in zip(model.sites, plans, strict=True):
                toggles = model.toggles_of(site)
                ends = site is model.sites[0], site is model.sites[-1]
                run = partial(sweep.run_layer, site.layer.forward, toggles, layer_plan, *ends)
                patches.append(PatchedForward(site.layer, run))
            yield sweep
        finally:
            for patch in patches:
                patch.restore()
