"""Components that a level drops: an attention sub-layer, an MLP sub-layer, or a block of both."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

SublayerKind = Literal["attention", "mlp"]
ComponentKind = Literal["attention", "mlp", "block"]
SUBLAYERS: tuple[SublayerKind, ...] = ("attention", "mlp")


class Sublayer(NamedTuple):
    """One of the two halves of a decoder layer."""

    layer: int
    kind: SublayerKind

    def __str__(self) -> str:
        return f"{self.kind} of layer {self.layer}"


class Component(NamedTuple):
    """The component dropped in one step of an order."""

    layer: int
    kind: ComponentKind = "attention"

    @property
    def sublayers(self) -> tuple[Sublayer, ...]:
        """Both sub-layers for a block, else the one of that name."""
        kinds = SUBLAYERS if self.kind == "block" else (self.kind,)
        return tuple(Sublayer(self.layer, kind) for kind in kinds)

    def __str__(self) -> str:
        return f"{self.kind} of layer {self.layer}"


Step = int | Component
"""One step of an order. A bare number stands for the attention of that layer."""


def as_component(step: Step) -> Component:
    """The component that a step stands for."""
    return step if isinstance(step, Component) else Component(step)


def sublayers_of(steps: Iterable[Step]) -> frozenset[Sublayer]:
    """All sub-layers that these steps drop."""
    return frozenset(sublayer for step in steps for sublayer in as_component(step).sublayers)


def check_order(order: Sequence[Step], levels: Sequence[int]) -> None:
    """Raise ValueError if two steps of `order` drop the same sub-layer, or a level lies outside it."""
    named = [sublayer for step in order for sublayer in as_component(step).sublayers]
    if len(set(named)) != len(named):
        twice = next(sublayer for sublayer in named if named.count(sublayer) > 1)
        raise ValueError(f"the order drops the {twice} twice")
    if not levels or min(levels) < 0 or max(levels) > len(order):
        raise ValueError(
            f"levels {list(levels)} do not lie within 0..{len(order)}, the order's length"
        )
