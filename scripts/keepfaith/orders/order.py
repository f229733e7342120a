"""Reading an order: its layers in the sequence in which they are dropped."""

import polars as pl


def layers_of(order: pl.DataFrame) -> list[int]:
    """Layers of an ORDER table by position; level k drops the first k of them."""
    layers: list[int] = order.sort("position")["layer"].to_list()
    return layers
