"""What a reader must know before believing a verdict: a model that knows nothing has nothing to lose."""

from keepfaith.figures.labels import method_name
from keepfaith.figures.unit import UnitTables

FEW = 30
"""Below so many examples a bootstrap interval is known to be too narrow."""


def caveats(tables: UnitTables) -> list[str]:
    """Sentences about this unit, most serious first; none where the dense model is sound and examples are many."""
    found = []
    accuracy = _dense(tables, "accuracy")
    guessing = tables.guessing()
    low = accuracy.get("low")
    if low is not None and guessing is not None and low <= guessing:
        found.append(
            "The dense model is not shown to do better than guessing on this task, so it has little accuracy to lose: "
            "that it is kept says little."
        )
    pointless = [
        method_name(method) for method in tables.methods if not _beats_random(tables, method)
    ]
    if pointless:
        found.append(
            f"Not shown to be more comprehensive than random scores on the dense model: {', '.join(pointless)}. What "
            "is not there cannot degrade."
        )
    counts = [tables.examples("comprehensiveness_study", method) for method in tables.methods]
    fewest = min((count for count in counts if count is not None), default=None)
    if fewest is not None and fewest < FEW:
        found.append(
            f"Only {fewest} examples are explained; intervals from fewer than {FEW} tend to be too narrow."
        )
    return found


def _beats_random(tables: UnitTables, method: str) -> bool:
    """Whether the dense comprehensiveness lies above the interval of random scores; True where none were run."""
    row = _dense(tables, "comprehensiveness_study", method)
    value, high = row.get("value"), row.get("reference_high")
    return value is None or high is None or value > high


def _dense(tables: UnitTables, metric: str, method: str | None = None) -> dict[str, float | None]:
    rows = [row for row in tables.series(metric, method).iter_rows(named=True) if row["level"] == 0]
    return rows[0] if rows else {}
