"""What each task of a study can decide, before any job runs: number of examples, smallest decidable margin, margin."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from keepfaith.config.passages import NO_PASSAGE
from keepfaith.config.preflight import expected_counts
from keepfaith.config.settings import Settings
from keepfaith.plugins.quantity import Quantity, judged_quantities
from keepfaith.statistics.power import (
    POWER,
    detectable_harm,
    pooled_margin,
    smallest_margin,
    texts_to_decide,
)

ALL_TASKS = "mean over tasks"
"""In place of a task: every task counts alike, whatever its number of examples."""


@dataclass(frozen=True)
class Decision:
    """What one task can decide about one judged quantity, with the spread that is expected of it.

    Attributes:
        task: its name, or `ALL_TASKS`.
        label: of the quantity.
        texts: examples that the quantity is measured on.
        spread: expected standard deviation of one example's paired difference.
        decidable: smallest margin within which a level without harm is kept with `POWER`.
        margin: the study's.
        detectable: smallest harm that is shown to exceed the margin with `POWER`; None for all tasks.
        enough: number of examples with which the margin is decidable, None for a margin of 0 and for all tasks.
    """

    task: str
    label: str
    texts: int
    spread: float
    decidable: float
    margin: float
    detectable: float | None = None
    enough: int | None = None

    @property
    def decided(self) -> bool:
        """Whether the margin can be decided."""
        return self.decidable <= self.margin


def decisions(settings: Settings) -> Iterator[Decision]:
    """One per task and judged quantity with an expected spread; with several tasks also one per quantity for all.

    Raises:
        ConfigError: a local file of a task cannot be used.
    """
    study = settings.study
    counts = {
        name: expected_counts(task, settings.examples_of(name))
        for name, task in settings.tasks.items()
    }
    texts = {
        explained: {
            task: of_task.explanation if explained else of_task.evaluation
            for task, of_task in counts.items()
        }
        for explained in (False, True)
    }
    asked = list(_asked(study.statistics.margins, study.plan.spreads))
    for task in settings.tasks:
        for quantity, spread, margin in asked:
            if not texts[quantity.explained][task]:
                continue  # it is not explained
            yield _of_task(
                settings, task, quantity, spread, texts[quantity.explained][task], margin
            )
    if len(settings.tasks) > 1:
        for quantity, spread, margin in asked:
            of_tasks = [number for number in texts[quantity.explained].values() if number]
            if len(of_tasks) < 2:
                continue
            decidable = pooled_margin(
                spread,
                of_tasks,
                quantity.largest,
                study.statistics.confidence,
                by_score=quantity.by_score,
                biased=quantity.biased,
            )
            yield Decision(ALL_TASKS, quantity.label, sum(of_tasks), spread, decidable, margin)


def _asked(
    margins: Mapping[str, float], spreads: Mapping[str, float]
) -> Iterator[tuple[Quantity, float, float]]:
    """The judged quantities with an expected spread, the study's or their own, each with it and its margin."""
    judged = judged_quantities()
    for name, margin in margins.items():
        if (spread := spreads.get(name, judged[name].spread)) is not None:
            yield judged[name], spread, margin


def _of_task(
    settings: Settings, task: str, quantity: Quantity, spread: float, texts: int, margin: float
) -> Decision:
    confidence = settings.study.statistics.confidence
    pruned = max(1, settings.most_pruned_levels())
    return Decision(
        task,
        quantity.label,
        texts,
        spread,
        smallest_margin(spread, texts, quantity.largest, confidence, by_score=quantity.by_score),
        margin,
        detectable_harm(margin, spread, texts, pruned, confidence),
        texts_to_decide(margin, spread, quantity.largest, confidence, by_score=quantity.by_score),
    )


def decision_lines(settings: Settings) -> Iterator[str]:
    """The decisions as a table, then one line for every margin that cannot be decided."""
    found = list(decisions(settings))
    confidence = settings.study.statistics.confidence
    power = f"{POWER:.0%} of samples"
    yield (
        f"What each task can decide at confidence {confidence:g}. spread: expected standard deviation of one example's "
        "change (plan.spreads; a report has measured ones); decidable: smallest margin within which a level without "
        f"harm is kept in {power}; found: smallest harm that is shown to exceed the margin in {power}"
    )
    yield from _decision_table(found)
    yield from _undecided(found)
    shared = [
        name
        for name, resolved in settings.tasks.items()
        if resolved.task.passage not in (None, NO_PASSAGE)
    ]
    if shared:
        yield (
            f"Examples of {', '.join(shared)} may share a passage and then count as one: their decidable margins are "
            "lower bounds"
        )


def _decision_table(found: Iterable[Decision]) -> Iterator[str]:
    yield f"{'task':18}{'quantity':20}{'examples':>9}{'spread':>8}{'decidable':>11}{'margin':>8}{'found':>8}"
    for each in found:
        detectable = "" if each.detectable is None else f"{each.detectable:.3f}"
        yield (
            f"{each.task:17} {each.label:19} {each.texts:>9,}{each.spread:>8.2f}{each.decidable:>11.3f}"
            f"{each.margin:>8g}{detectable:>8}"
        )


def _undecided(found: Iterable[Decision]) -> Iterator[str]:
    """One line per quantity and number of examples, with all tasks of which the same holds."""
    tasks: dict[str, dict[str, list[str]]] = {}
    for each in found:
        if not each.decided:
            takes = "" if each.enough is None else f"; {each.enough:,} examples would decide it"
            rest = f"margin {each.margin:g}: {each.texts:,} examples decide {each.decidable:.3f}{takes}"
            tasks.setdefault(each.label, {}).setdefault(rest, []).append(each.task)
    for label, of_label in tasks.items():
        for rest, names in of_label.items():
            yield f"Cannot be decided: {label} of {', '.join(names)}, {rest}"
