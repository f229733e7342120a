"""The verdict of one unit as a sentence: how far, and what breaks first."""

from dataclasses import dataclass

import polars as pl

from keepfaith.figures.labels import quantity_name
from keepfaith.figures.reach import Reach, reaches


@dataclass(frozen=True)
class Break:
    """A quantity that is degraded at the first degraded level: its harm, its interval, and the margin."""

    name: str
    harm: float
    low: float | None
    high: float | None
    margin: float


@dataclass(frozen=True)
class Answer:
    """How far one unit can be pruned.

    `clear`: no watched quantity is degraded up to this level; `kept`: all are shown to be kept up to this level;
    `deepest`: levels run; `first`: the level that breaks, or None; `breaks`: what breaks there.
    """

    clear: int
    kept: int
    deepest: int
    first: int | None
    breaks: tuple[Break, ...]
    undecided: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The answer in words; says apart what is shown to be kept and what is merely not shown to degrade."""
        if self.deepest == 0:
            return "no pruned level was run, so there is nothing to decide."
        return f"{self._clear()}; {self._kept()}.{self._first()}"

    def _clear(self) -> str:
        if self.first is None:
            levels = "the one level" if self.deepest == 1 else f"any of the {self.deepest} levels"
            return f"no degradation shown at {levels}"
        if self.clear == 0:
            return f"degraded from level 1 of {self.deepest} on"
        return f"no degradation shown up to level {self.clear} of {self.deepest}"

    def _kept(self) -> str:
        if self.kept:
            return f"every watched quantity is shown to be kept up to level {self.kept}"
        listed = f" (undecided: {_listed(self.undecided)})" if self.undecided else ""
        return f"level 1 is not shown to keep every watched quantity{listed}"

    def _first(self) -> str:
        if self.first is None:
            return ""
        names = _listed(tuple(broken.name for broken in self.breaks))
        return f" Degraded first, at level {self.first}: {names}."


def answer(verdict: pl.DataFrame) -> Answer:
    """Read the answer of one unit off its VERDICT table."""
    found = reaches(verdict)
    deepest = max((reach.deepest for reach in found), default=0)
    broken = [reach.degraded for reach in found if reach.degraded is not None]
    first = min(broken, default=None)
    kept = min((reach.kept for reach in found), default=0)
    return Answer(
        clear=deepest if first is None else first - 1,
        kept=kept,
        deepest=deepest,
        first=first,
        breaks=tuple(
            _break(verdict, reach) for reach in found if first and reach.degraded == first
        ),
        undecided=_undecided(verdict, kept + 1),
    )


def _break(verdict: pl.DataFrame, reach: Reach) -> Break:
    row = verdict.filter(
        pl.col("quantity") == reach.quantity,
        pl.col("method").eq_missing(pl.lit(reach.method)),
        pl.col("level") == reach.degraded,
    ).row(0, named=True)
    return Break(
        quantity_name(reach.quantity, reach.method),
        row["harm"],
        row["harm_low"],
        row["harm_high"],
        row["margin"],
    )


def _undecided(verdict: pl.DataFrame, level: int) -> tuple[str, ...]:
    rows = verdict.filter(pl.col("level") == level, pl.col("status") == "undecided")
    return tuple(quantity_name(*names) for names in rows.select("quantity", "method").rows())


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
