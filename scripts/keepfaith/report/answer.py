"""The verdict of one cell in a reader's words: how far, and what breaks first."""

from dataclasses import dataclass

import polars as pl

from keepfaith.config.levels import level_words
from keepfaith.figures.labels import method_name, quantity_name
from keepfaith.figures.reach import of_quantity
from keepfaith.statistics.verdict import DEGRADED, UNDECIDED, Answer, summary


@dataclass(frozen=True)
class Break:
    """A quantity that is degraded at the first degraded level: its harm, its interval, and the margin."""

    name: str
    harm: float
    low: float | None
    high: float | None
    margin: float


@dataclass(frozen=True)
class Finding:
    """How far one cell can be pruned, in words; `answer` is None where no pruned level was run.

    `breaks`: what breaks first, the largest harm in margins first; `breaking` and `undecided`: names of what breaks
    there, and of what is undecided at the first level that is not shown to be kept.
    """

    answer: Answer | None
    breaks: tuple[Break, ...]
    breaking: tuple[str, ...]
    undecided: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Keeps apart what is shown to be kept and what is merely not shown to degrade."""
        if self.answer is None:
            return "no pruned level was run, so there is nothing to decide."
        found = self.answer
        text = f"{_degraded(found)}; {self._kept(found)}."
        if found.breaks_at is not None:
            text += f" Degraded first, at level {found.breaks_at}: {_listed(self.breaking)}."
        return text

    @property
    def kept(self) -> str:
        """`level 1 of 4`: up to which everything is shown to be kept."""
        return f"level {self.answer.safe} of {self.answer.deepest}" if self.answer else "n/a"

    @property
    def clear(self) -> str:
        """`level 2 of 4`: up to which no degradation is shown."""
        return f"level {self.answer.clear} of {self.answer.deepest}" if self.answer else "n/a"

    def _kept(self, found: Answer) -> str:
        if found.safe:
            return f"every watched quantity is shown to be kept {_up_to(found)}"
        listed = f" (undecided: {_listed(self.undecided)})" if self.undecided else ""
        return f"level {found.levels[0]} is not shown to keep every watched quantity{listed}"


def finding(verdict: pl.DataFrame) -> Finding:
    """Read the answer of one cell off its VERDICT table."""
    if verdict.is_empty():
        return Finding(None, (), (), ())
    found = summary(verdict)
    return Finding(
        answer=found,
        breaks=tuple(_break(verdict, found.breaks_at, *names) for names in found.breaks_first),
        breaking=_names(verdict, found.breaks_at, DEGRADED),
        undecided=_names(verdict, found.first_unsafe, UNDECIDED),
    )


def _degraded(found: Answer) -> str:
    """At which levels degradation is shown: each is named, since a later level may be undecided or kept again."""
    if found.breaks_at is None:
        count = len(found.levels)
        levels = "the one pruned level" if count == 1 else f"any of the {count} pruned levels"
        return f"no degradation shown at {levels}{_run_levels(found)}"
    word = "level" if len(found.degraded_at) == 1 else "levels"
    return f"degradation shown at {word} {level_words(found.degraded_at)} of {found.deepest}{_run_levels(found)}"


def _run_levels(found: Answer) -> str:
    """` (run: 4, 8)` where levels in between were left out; of these nothing is said."""
    complete = found.levels == tuple(range(1, found.deepest + 1))
    return "" if complete else f" (run: {level_words(found.levels)})"


def _up_to(found: Answer) -> str:
    """The levels that are kept, each named where some in between were not run."""
    kept = [level for level in found.levels if level <= found.safe]
    if kept == list(range(1, found.safe + 1)):
        return f"up to level {found.safe}"
    return f"at {'level' if len(kept) == 1 else 'levels'} {level_words(kept)}"


def _break(verdict: pl.DataFrame, level: int | None, name: str, method: str | None) -> Break:
    row = of_quantity(verdict, name, method).filter(pl.col("level") == level).row(0, named=True)
    numbers = (row["harm"], row["harm_low"], row["harm_high"], row["margin"])
    return Break(quantity_name(name, method), *numbers)


def _names(verdict: pl.DataFrame, level: int | None, status: str) -> tuple[str, ...]:
    """Quantities of one status at a level, each once with its methods: `sufficiency (KernelSHAP, LIME)`."""
    rows = verdict.filter(pl.col("level").eq_missing(pl.lit(level)), pl.col("status") == status)
    methods: dict[str, list[str]] = {}
    for name, method in rows.select("quantity", "method").rows():
        methods.setdefault(name, []).extend([method_name(method)] if method else [])
    return tuple(
        f"{quantity_name(name)} ({', '.join(found)})" if found else quantity_name(name)
        for name, found in methods.items()
    )


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
