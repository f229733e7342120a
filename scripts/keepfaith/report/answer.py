"""The verdict of one cell in words: the deepest level, and the quantities that degrade first.

Of checkpoints, each of which stands alone: the levels that are kept, and those that are degraded.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from keepfaith.config.levels import level_words
from keepfaith.figures.labels import method_name, quantity_name
from keepfaith.figures.reach import of_quantity
from keepfaith.statistics.verdict import DEGRADED, HARMED, UNDECIDED, Answer, summary


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
    """The level to which one cell can be pruned, in words; `answer` is None if no pruned level was run.

    `breaks`: the quantities that degrade first, by harm in margins; `breaking`: their names; `harmed` and `undecided`:
    names of those with this status at the first level that is not shown to be kept. `labels`: the label of every level,
    where levels are checkpoints; there `degraded` names the degraded quantities of every level with any, and `breaks`
    has those of all levels.
    """

    answer: Answer | None
    breaks: tuple[Break, ...] = ()
    breaking: tuple[str, ...] = ()
    harmed: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    labels: Mapping[int, str] = field(default_factory=dict)
    degraded: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """Distinguishes levels shown to be kept from levels merely not shown to degrade."""
        if self.answer is None:
            return "no level but the dense one was run, so nothing can be decided."
        found = self.answer
        if self.labels:
            return self._of_checkpoints(found)
        text = f"{_degraded(found)}; {self._kept(found)}."
        if found.breaks_at is not None:
            text += f" Degraded first, at level {found.breaks_at}: {_listed(self.breaking)}."
        if found.harmed_at:
            text += f" Harm that may lie within the margin is shown at {_levels(found.harmed_at)}."
        return text

    @property
    def broken(self) -> str:
        """`accuracy and Brier score are degraded`, at the first degraded level."""
        return f"{_listed(self.breaking)} {'is' if len(self.breaking) == 1 else 'are'} degraded"

    @property
    def kept(self) -> str:
        """`level 1 (deepest run: 4)`: all is shown to be kept up to this level; of checkpoints those that are kept."""
        if self.answer and self.labels:
            return counted_levels(self.answer.kept_at, self.answer.levels, self.labels)
        return level_reached(self.answer.safe, self.answer.deepest) if self.answer else "n/a"

    @property
    def clear(self) -> str:
        """`level 2 (deepest run: 4)`: no degradation is shown up to it; of checkpoints those without any."""
        if self.answer and self.labels:
            clear = (level for level in self.answer.levels if level not in self.answer.degraded_at)
            return counted_levels(clear, self.answer.levels, self.labels)
        return level_reached(self.answer.clear, self.answer.deepest) if self.answer else "n/a"

    def _of_checkpoints(self, found: Answer) -> str:
        """Every level on its own, since none contains another."""
        kept = (
            f"every judged quantity is shown to be kept by {_called(found.kept_at, self.labels)}"
            if found.kept_at
            else "no checkpoint is shown to keep every judged quantity"
        )
        degraded = "; ".join(
            f"degradation shown by {_called([level], self.labels)}: {_listed(names)}"
            for level, names in self.degraded.items()
        )
        count = len(found.levels)
        none = "the one checkpoint" if count == 1 else f"any of the {count} checkpoints"
        text = f"{degraded or f'no degradation shown by {none}'}; {kept}."
        if found.harmed_at:
            harmed = _called(found.harmed_at, self.labels)
            text += f" Harm that may lie within the margin is shown by {harmed}."
        return text

    def _kept(self, found: Answer) -> str:
        if found.safe:
            return f"every judged quantity is shown to be kept {_up_to(found)}"
        open_ = (("harmed", self.harmed), ("undecided", self.undecided))
        named = "; ".join(f"{word}: {_listed(names)}" for word, names in open_ if names)
        listed = f" ({named})" if named else ""
        return f"level {found.levels[0]} is not shown to keep every judged quantity{listed}"


def level_reached(level: int, deepest: int) -> str:
    """`level 2 (deepest run: 4)`; `no level` for 0, the dense model."""
    return f"level {level} (deepest run: {deepest})" if level else "no level"


def counted_levels(some: Iterable[int], levels: Iterable[int], labels: Mapping[int, str]) -> str:
    """`1 of 3: 8 bits (level 1)`; `none of 3`."""
    chosen, of_all = list(some), len(list(levels))
    if not chosen:
        return f"none of {of_all}"
    return f"{len(chosen)} of {of_all}: {_called(chosen, labels)}"


def _called(levels: Iterable[int], labels: Mapping[int, str]) -> str:
    """`8 bits (level 1) and fine-tuned (level 3)`."""
    return _listed(tuple(f"{labels[level]} (level {level})" for level in levels))


def finding(verdict: pl.DataFrame, labels: Mapping[int, str] | None = None) -> Finding:
    """Read the answer of one cell off its VERDICT table.

    Args:
        verdict: the table.
        labels: label of every level, where levels are checkpoints.
    """
    if verdict.is_empty():
        return Finding(None)
    found = summary(verdict)
    if labels:
        return Finding(
            answer=found,
            breaks=tuple(_breaks_of_checkpoints(verdict, labels)),
            labels=labels,
            degraded={level: _names(verdict, level, DEGRADED) for level in found.degraded_at},
        )
    return Finding(
        answer=found,
        breaks=tuple(_break(verdict, found.breaks_at, *names) for names in found.breaks_first),
        breaking=_names(verdict, found.breaks_at, DEGRADED),
        harmed=_names(verdict, found.first_unsafe, HARMED),
        undecided=_names(verdict, found.first_unsafe, UNDECIDED),
    )


def _breaks_of_checkpoints(verdict: pl.DataFrame, labels: Mapping[int, str]) -> Iterator[Break]:
    """What every degraded checkpoint loses, by level and by harm in margins."""
    worst = (pl.col("harm") / pl.col("margin")).neg()
    rows = verdict.filter(status=DEGRADED).sort("level", worst, "quantity", "method")
    for level, name, method in rows.select("level", "quantity", "method").iter_rows():
        found = _break(verdict, level, name, method)
        yield replace(found, name=f"{labels[level]}, {found.name}")


def _degraded(found: Answer) -> str:
    """The levels with degradation: each is named, since a later level may be undecided or kept again."""
    run = f" (run: {level_words(found.levels)})"
    if found.breaks_at is None:
        count = len(found.levels)
        levels = "the one level judged" if count == 1 else f"any of the {count} levels judged"
        complete = found.levels == tuple(range(1, found.deepest + 1))
        return f"no degradation shown at {levels}{'' if complete else run}"
    return f"degradation shown at {_levels(found.degraded_at)}{run}"


def _levels(levels: tuple[int, ...]) -> str:
    """`level 3`, `levels 2, 4 to 6`."""
    return f"{'level' if len(levels) == 1 else 'levels'} {level_words(levels)}"


def _up_to(found: Answer) -> str:
    """The levels that are kept, each named if some in between were not run."""
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
