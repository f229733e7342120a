"""Table of examples of a task: prompts with spans, choices, labels, rationale, subsets."""

import logging
from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

from keepfaith.artifacts.schemas import EXAMPLES
from keepfaith.config.blanks import BLANK_NOT_EXPLAINED, around_blank
from keepfaith.config.counts import evaluated_too, subset_counts, tuning_count
from keepfaith.config.passages import comparable
from keepfaith.config.rows import TaskRow, content_of
from keepfaith.config.schema import SPACE, BuiltinTaskSource, Examples
from keepfaith.config.settings import ResolvedTask
from keepfaith.tasks.few_shot import NO_SHOTS, Shots, read_shots
from keepfaith.tasks.sources import SourceError, Subset, split_serving, task_rows
from keepfaith.tasks.subsets import by_rank
from keepfaith.tasks.templates import Prompt, render_prompt

EVALUATED, SHOWN = "evaluated", "few_shot"
"""Reasons for leaving out a tuning row, beside those of `skip`: it is evaluated, or solved in every prompt."""

logger = logging.getLogger(__name__)


class PreparedTask(NamedTuple):
    """An EXAMPLES table, and {subset: {reason: rows of the source left out}}."""

    examples: pl.DataFrame
    skipped: dict[str, dict[str, int]]


def prepare_task(resolved: ResolvedTask, examples: Examples) -> PreparedTask:
    """The EXAMPLES table of a task: its evaluation, explanation and tuning examples.

    An example's id is its subset and its id (or row number) in the source, `evaluation-17`; `row` counts from 0
    in the split, including rows that are left out. Rows are in the order of the source, evaluation before tuning.

    Args:
        resolved: the task and the source to read.
        examples: number of examples of each subset, and the seed of their selection.

    Raises:
        SourceError: the source cannot be read or a row does not fit the task.
        ConfigError: a local file cannot be read, or there are too few rows.
    """
    rows, skipped = task_rows(resolved, "evaluation")
    if examples.explanation and (resolved.task.blank or any(row.contexts for row in rows)):
        raise SourceError(f"task {resolved.name}: {BLANK_NOT_EXPLAINED}")
    shots = read_shots(resolved, rows)
    ranked = by_rank((row.id for row in rows), examples.seed)
    shared = _tuning_split(resolved) == split_serving(resolved, "evaluation")
    left_out = {"evaluation": skipped}
    tuning_rows, evaluated = rows if shared else [], 0
    if own_tuning := bool(examples.tuning) and not shared:
        tuning_rows, left_out["tuning"], evaluated = _own_tuning(resolved, rows)
        tuning_rows, left_out["tuning"] = _without_shots(tuning_rows, left_out["tuning"], shots)
    counts = subset_counts(
        resolved.name,
        examples,
        len(rows),
        len(tuning_rows) if own_tuning else None,
        sum(sum(of_subset.values()) for of_subset in left_out.values()) - evaluated,
        evaluated,
    )
    evaluation = set(ranked[: counts.evaluation])
    explanation = set(ranked[: counts.explanation])
    tuning = _tuning(tuning_rows, counts.tuning, examples.seed, from_end=shared)
    logger.info(
        "task %s: %d rows, %d evaluation examples (%d explained), %d tuning examples",
        resolved.name,
        len(rows),
        *counts,
    )
    records = [
        _record(resolved, row, "evaluation", shots) | {"explanation": row.id in explanation}
        for row in rows
        if row.id in evaluation
    ]
    records += [_record(resolved, row, "tuning", shots) for row in tuning_rows if row.id in tuning]
    return PreparedTask(
        _frame(records), {subset: counted for subset, counted in left_out.items() if counted}
    )


def training_examples(resolved: ResolvedTask, examples: Examples) -> pl.DataFrame:
    """The training examples of a task as an EXAMPLES table that belongs to no subset; tuning rows are left out.

    Their prompts are without the solved examples of `few_shot`, which are training rows themselves.

    Rows with a text that is evaluated are left out later, by `training.train_on_tasks`.

    Raises:
        SourceError: the source has no training split or cannot be read, or a row does not fit the task.
    """
    rows, _ = task_rows(resolved, "training")
    kept_out: set[str] = set()
    if examples.tuning and _tuning_split(resolved) == split_serving(resolved, "training"):
        tuning_rows, *_ = _own_tuning(resolved, task_rows(resolved, "evaluation").rows)
        count = tuning_count(examples, len(tuning_rows))
        kept_out = _tuning(tuning_rows, count, examples.seed, from_end=False)
    return _frame(_record(resolved, row, "training") for row in rows if row.id not in kept_out)


def _own_tuning(
    resolved: ResolvedTask, evaluation: Iterable[TaskRow]
) -> tuple[list[TaskRow], dict[str, int], int]:
    """The rows of a separate tuning split that are not evaluated, rows left out by reason, and number evaluated."""
    found, skipped = task_rows(resolved, "tuning")
    if isinstance(resolved.source, BuiltinTaskSource):  # its subsets are disjoint by construction
        return found, skipped, 0
    contents = {content_of(row) for row in evaluation}
    rows = [row for row in found if content_of(row) not in contents]
    if evaluated := len(found) - len(rows):
        skipped = skipped | {EVALUATED: evaluated}
        said = evaluated_too(evaluated, len(rows), str(split_serving(resolved, "evaluation")))
        logger.info("task %s: %s", resolved.name, said)
    return rows, skipped, evaluated


def _without_shots(
    rows: list[TaskRow], skipped: dict[str, int], shots: Shots
) -> tuple[list[TaskRow], dict[str, int]]:
    """Tuning rows that are not among the solved examples, and rows left out by reason."""
    kept = (
        [row for row in rows if content_of(row) not in shots.contents] if shots.contents else rows
    )
    return kept, skipped | ({SHOWN: len(rows) - len(kept)} if len(kept) < len(rows) else {})


def _tuning_split(resolved: ResolvedTask) -> str | None:
    return split_serving(resolved, "tuning") or split_serving(resolved, "evaluation")


def _tuning(rows: list[TaskRow], count: int, seed: int, from_end: bool) -> set[str]:
    """Ids of the tuning rows; the last by rank if the first are evaluated, so that the subsets are disjoint."""
    ranked = by_rank((row.id for row in rows), seed)
    start = len(ranked) - count if from_end else 0
    return set(ranked[start : start + count])


def _record(
    resolved: ResolvedTask, row: TaskRow, subset: Subset, shots: Shots = NO_SHOTS
) -> dict[str, object]:
    delimiter = resolved.task.delimiter
    template = row.template or resolved.task.prompt
    own = render_prompt(template, row.fields, cut_end=delimiter == SPACE)
    prompt = own.after(shots.text)
    contexts, continuation = row.contexts, row.continuation
    if mark := resolved.task.blank:
        before, continuation = around_blank(own.text, mark)
        contexts = tuple(shots.text + before + option for option in row.options)
    return {
        "example_id": f"{subset}-{row.id}",
        "row": row.number,
        "prompt": prompt.text,
        "fields": [span._asdict() for span in prompt.fields],
        "outside": row.passage
        and [{"name": resolved.task.passage, "text": comparable(row.passage)}],
        "options": [delimiter + option for option in row.options],
        "contexts": list(contexts) or None,
        "continuation": continuation,
        "label": row.label,
        "rationale": _rationale(prompt, row),
        "posterior": list(row.posterior) or None,
        "evaluation": subset == "evaluation",
        "explanation": False,
        "tuning": subset == "tuning",
    }


def _rationale(prompt: Prompt, row: TaskRow) -> list[dict[str, int]] | None:
    """Rationale spans in characters of the prompt; None where the source has none."""
    if not row.rationale:
        return None
    spans = []
    for name, start, end in prompt.fields:
        for first, last in row.rationale.get(name, ()):
            span = {"start": start + first, "end": min(start + last, end)}
            if span["start"] < span["end"]:
                spans.append(span)
    return spans


def _frame(records: Iterable[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(list(records), schema=dict(EXAMPLES.columns))
