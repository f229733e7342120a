"""All levels of a path in one pass.

Level k is level k-1 with one more layer's attention removed, so both agree on everything below that
layer. One pass therefore carries *groups*: runs of levels that agree so far. It starts with one group of
all levels; at a layer that some of a group's levels have dropped and others not, the group splits in
two, one with attention and one without. Nothing is approximated: each level meets exactly the operations
that it would meet alone.

    order 2, 0; levels 0 1 2        layer 0      layer 1      layer 2
                                    (0 1) (2)    (0 1) (2)    (0) (1) (2)

Groups travel along the batch axis, [groups * B, T, hidden], so the model's own code between its layers
(embedding, masks, rotary tables before; final norm and head after) needs no knowledge of them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn

from keepfaith.models.removal import AttentionSwitch, PrunableModel, check_order

Group = tuple[int, ...]


def split(groups: Sequence[Group], position: int) -> list[list[tuple[bool, Group]]]:
    """What a layer does to every group.

    Args:
        groups: the groups that reach the layer.
        position: the level from which on the layer's attention is dropped.

    Returns:
        For every group its parts, in the order of levels: whether attention is on, and the part's levels.
    """
    parts = []
    for group in groups:
        keep = tuple(level for level in group if level < position)
        drop = tuple(level for level in group if level >= position)
        parts.append([(on, part) for on, part in ((True, keep), (False, drop)) if part])
    return parts


@contextmanager
def sweeping(model: PrunableModel, order: Sequence[int], levels: Sequence[int]) -> Iterator[None]:
    """Inside, every forward of the model computes all `levels` of `order`.

    Hidden states behind the last layer, and so the logits, are [levels * B, T, ...], level by level.

    Args:
        model: all of its layers must be switched on.
        order: layers in the order in which they are dropped.
        levels: distinct levels, ascending.
    """
    check_order(order, levels)
    if sorted(set(levels)) != list(levels):
        raise ValueError(f"levels {list(levels)} are not distinct and ascending")
    position_of = {layer: position for position, layer in enumerate(order, start=1)}
    groups: list[Group] = [tuple(levels)]
    patched: list[nn.Module] = []
    with model.dropping(()):
        try:
            for site, switch in zip(model.sites, model.switches, strict=True):
                parts = split(groups, position_of.get(site.index, len(order) + 1))
                states = [[on for on, _ in part] for part in parts]
                run = site.layer.forward
                site.layer.forward = partial(_run_groups, run, switch, states)
                patched.append(site.layer)
                groups = [group for part in parts for _, group in part]
            yield
        finally:
            for layer in patched:
                del layer.__dict__["forward"]


def _run_groups(
    run: Any, switch: AttentionSwitch, states: Sequence[Sequence[bool]], *args: Any, **kwargs: Any
) -> Any:
    """One decoder layer on every group, once per part that the group splits into."""
    hidden = args[0] if args else kwargs["hidden_states"]
    outputs = []
    for group, parts in zip(hidden.chunk(len(states)), states, strict=True):
        for on in parts:
            switch.on = on
            if args:
                outputs.append(run(group, *args[1:], **kwargs))
            else:
                outputs.append(run(**{**kwargs, "hidden_states": group}))
    switch.on = True
    if isinstance(outputs[0], tuple):
        return (torch.cat([output[0] for output in outputs]), *outputs[0][1:])
    return torch.cat(outputs) if len(outputs) > 1 else outputs[0]
