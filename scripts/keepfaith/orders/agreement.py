"""How far orders from different calibration texts agree: do they drop the same at every level?"""

from itertools import combinations

import numpy as np
import polars as pl


def agreement(stability: pl.DataFrame) -> pl.DataFrame:
    """Share of dropped components that two orders have in common, over all pairs of seeds.

    Args:
        stability: STABILITY of one model and order.

    Returns:
        samples, level, mean, lowest, highest (over pairs) and chance: level / components, the expected share that two
        random orders have in common.
    """
    rows = []
    for (samples,), of_size in stability.group_by("samples", maintain_order=True):
        orders = [
            frame.sort("position").select("layer", "component").rows()
            for _, frame in of_size.group_by("seed", maintain_order=True)
        ]
        count = len(orders[0])
        for level in range(1, count + 1):
            shares = [
                len(set(one[:level]) & set(other[:level])) / level
                for one, other in combinations(orders, 2)
            ]
            if shares:
                rows.append(
                    (
                        samples,
                        level,
                        float(np.mean(shares)),
                        min(shares),
                        max(shares),
                        level / count,
                    )
                )
    names = ["samples", "level", "mean", "lowest", "highest", "chance"]
    return pl.DataFrame(rows, schema=names, orient="row")
