"""How far a path can be followed, read off a verdict: levels kept in a row, and the first level that degrades."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Reach:
    """What the verdict says about one watched quantity along one path.

    `kept`: highest level up to which every level is kept (0: not even the first). `clear`: highest level up to which
    no level is degraded. `degraded`: the first degraded level, or None. `deepest`: the last level judged.
    """

    quantity: str
    method: str | None
    kept: int
    clear: int
    degraded: int | None
    deepest: int


def reaches(verdict: pl.DataFrame) -> list[Reach]:
    """One `Reach` per quantity and method, in the order of the table; level 0 is not judged."""
    pruned = verdict.filter(pl.col("level") > 0).sort("level", maintain_order=True)
    keys = verdict.select("quantity", "method").unique(maintain_order=True).rows()
    return [
        _reach(name, method, pruned.filter(
            pl.col("quantity") == name, pl.col("method").eq_missing(pl.lit(method))
        ))
        for name, method in keys
    ]  # fmt: skip


def _reach(name: str, method: str | None, rows: pl.DataFrame) -> Reach:
    kept, clear, degraded, all_kept = 0, 0, None, True
    levels = rows.select("level", "status").rows()
    for level, status in levels:
        if status == "degraded":
            degraded = int(level)
            break
        clear = int(level)
        all_kept = all_kept and status == "kept"
        kept = clear if all_kept else kept
    return Reach(name, method, kept, clear, degraded, int(levels[-1][0]) if levels else 0)
