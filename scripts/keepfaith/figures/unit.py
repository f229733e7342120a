"""The tables of one unit (model x order x task), and the rows that a figure asks them for."""

from dataclasses import dataclass, field

import polars as pl

from keepfaith.statistics.verdict import shown_operator

OWN = "method"


@dataclass(frozen=True)
class UnitTables:
    """Tables of one model x order x task, as `artifacts.schemas` defines them.

    `published` holds matching rows of `published.match_published`, or None. `chance` is the accuracy of guessing
    (mean of 1 / options over the examples), or None where it is not known.
    """

    metrics: pl.DataFrame
    reliability: pl.DataFrame
    curves: pl.DataFrame
    overlap: pl.DataFrame
    verdict: pl.DataFrame
    order: pl.DataFrame
    published: pl.DataFrame | None = None
    chance: float | None = None
    levels: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        levels = self.metrics["level"].unique().sort().to_list()
        if not levels:
            raise ValueError("table metrics has no rows; there is nothing to draw")
        object.__setattr__(self, "levels", tuple(levels))

    @property
    def deepest(self) -> int:
        """The highest level of the sweep."""
        return self.levels[-1]

    @property
    def methods(self) -> list[str]:
        """Attribution methods under test, without the random control, in order of name."""
        names = self.metrics["method"].drop_nulls().unique().sort().to_list()
        return [name for name in names if name not in ("", "random")]

    @property
    def operator(self) -> str | None:
        """The operator that figures show."""
        return shown_operator(self.metrics)

    def series(self, metric: str, method: str | None = None, ranking: str = OWN) -> pl.DataFrame:
        """Rows of one metric by level: of one method under the shown operator, or of the model itself."""
        return series(self.metrics, metric, method, ranking)

    def guessing(self) -> float | None:
        """Accuracy of guessing: as given, or what table metrics states as its reference."""
        if self.chance is not None:
            return self.chance
        bounds = self.series("accuracy").select("reference_low", "reference_high").drop_nulls()
        return float(bounds.to_numpy().mean()) if bounds.height else None

    def examples(self, metric: str, method: str | None = None) -> int | None:
        """Number of examples behind a metric."""
        rows = self.series(metric, method)
        return int(rows["examples"].to_list()[0]) if rows.height else None

    def shown_levels(self, count: int = 3) -> list[int]:
        """A few levels that span the path: dense, deepest, and evenly between."""
        last = len(self.levels) - 1
        places = {round(step * last / max(count - 1, 1)) for step in range(count)}
        return [self.levels[place] for place in sorted(places)]


def series(
    metrics: pl.DataFrame, metric: str, method: str | None = None, ranking: str = OWN
) -> pl.DataFrame:
    """Rows of one metric of one unit by level; of one method under the shown operator, if a method is given."""
    operator = shown_operator(metrics)
    rows = metrics.filter(pl.col("metric") == metric)
    if method is not None:
        rows = rows.filter(
            pl.col("method") == method,
            pl.col("ranking").fill_null(OWN).is_in([ranking, ""]),
            pl.col("operator").is_null() | pl.col("operator").is_in([operator or "", ""]),
        )
    return rows.unique("level", keep="first", maintain_order=True).sort("level")
