"""Agreement of orders from different calibration texts: the share of the same components dropped at every level."""

from itertools import combinations

import numpy as np
import polars as pl


def agreement(stability: pl.DataFrame) -> pl.DataFrame:
    """Share of dropped components that two orders have in common, over all pairs of seeds.

    Args:
        stability: STABILITY of one model and order.

    Returns:
        samples, level, mean, lowest, highest (over pairs) and chance: level / components, the expected share for two
        random orders.
    """
    rows: list[tuple[int, int, float, float, float, float]] = []
    for samples, orders in _orders(stability).items():
        count = len(next(iter(orders.values())))
        for level in range(1, count + 1):
            pairs = combinations(orders.values(), 2)
            if shares := [_in_common(one, other, level) for one, other in pairs]:
                mean = float(np.mean(shares))
                rows.append((samples, level, mean, min(shares), max(shares), level / count))
    names = ["samples", "level", "mean", "lowest", "highest", "chance"]
    return pl.DataFrame(rows, schema=names, orient="row")


def size_agreement(stability: pl.DataFrame) -> pl.DataFrame:
    """Share of dropped components that a smaller draw has in common with the largest of the same seed.

    Draws are nested: the largest begins with the texts of the smaller one.

    Args:
        stability: STABILITY of one model and order.

    Returns:
        samples (every number but the largest), level, and the mean over seeds.
    """
    of_size = _orders(stability)
    largest = of_size.pop(max(of_size))
    rows = [
        (
            samples,
            level,
            float(
                np.mean([_in_common(order, largest[seed], level) for seed, order in orders.items()])
            ),
        )
        for samples, orders in of_size.items()
        for level in range(1, len(next(iter(largest.values()))) + 1)
    ]
    return pl.DataFrame(rows, schema=["samples", "level", "mean"], orient="row")


_Component = tuple[int, str]
"""Layer and component."""


def _orders(stability: pl.DataFrame) -> dict[int, dict[int, list[_Component]]]:
    """Components of every order, by number of samples and seed."""
    found: dict[int, dict[int, list[_Component]]] = {}
    for (samples, seed), rows in stability.group_by("samples", "seed", maintain_order=True):
        components = rows.sort("position").select("layer", "component").rows()
        found.setdefault(int(samples), {})[int(seed)] = components
    return found


def _in_common(one: list[_Component], other: list[_Component], level: int) -> float:
    return len(set(one[:level]) & set(other[:level])) / level
