"""Orders: the components to rank, and the table of a ranking."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import polars as pl

from keepfaith.artifacts.schemas import ORDER
from keepfaith.artifacts.tables import conform
from keepfaith.models.components import Component

if TYPE_CHECKING:  # code that reads an order does not depend on the criteria
    from keepfaith.plugins.criterion import RankedComponents

Drop = Literal["attention", "mlp", "joint", "block"]
"""Components of a pruning path: one kind, or attention and MLP sub-layers in one sequence (joint)."""

_CANDIDATES: dict[str, Callable[[int], list[Component]]] = {
    "attention": lambda layer: [Component(layer, "attention")],
    "mlp": lambda layer: [Component(layer, "mlp")],
    "joint": lambda layer: [Component(layer, "attention"), Component(layer, "mlp")],
    "block": lambda layer: [Component(layer, "block")],
}


def candidates(layers: int, drop: Drop) -> list[Component]:
    """All components of a model with this many layers, from the first layer to the last."""
    return [component for layer in range(layers) for component in _CANDIDATES[drop](layer)]


def order_table(ranked: "RankedComponents") -> pl.DataFrame:
    """ORDER table of a ranking; position 1 is dropped first."""
    rows = [
        (position, component.layer, component.kind, score)
        for position, (component, score) in enumerate(ranked, start=1)
    ]
    return conform(pl.DataFrame(rows, schema=list(ORDER.columns.items()), orient="row"), ORDER)


def components_of(order: pl.DataFrame) -> list[Component]:
    """Components of an ORDER table by position; level k drops the first k of them."""
    rows = order.sort("position").select("layer", "component").iter_rows()
    return [Component(layer, kind) for layer, kind in rows]
