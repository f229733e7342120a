"""From a task to its table of examples: prompts with spans, options, labels, evidence, parts."""

import logging
from collections.abc import Iterable

import polars as pl

from keepfaith.artifacts.schemas import EXAMPLES
from keepfaith.config.counts import part_counts
from keepfaith.config.rows import Row
from keepfaith.config.schema import Examples
from keepfaith.config.settings import ResolvedTask
from keepfaith.tasks.parts import by_rank
from keepfaith.tasks.sources import Part, split_of, task_rows
from keepfaith.tasks.templates import Prompt, render

DELIMITER = " "
"""Stands between prompt and option, as lm-evaluation-harness's target_delimiter."""

logger = logging.getLogger(__name__)


def prepare_examples(resolved: ResolvedTask, examples: Examples) -> pl.DataFrame:
    """The EXAMPLES table of a task: its evaluation, explanation and tuning examples.

    An example's id is its part and its id (or row number) in the source, `evaluation-17`; `row` counts from 0
    in the split. Rows stand in the order of the source, evaluation before tuning.

    Args:
        resolved: the task and the source to read.
        examples: how many examples of each part, and the seed of their choice.

    Raises:
        SourceError: the source cannot be read or a row is not as the task says.
        ConfigError: a local file cannot be read, or there are too few rows.
    """
    rows = task_rows(resolved, "evaluation")
    ranked = by_rank((row.id for row in rows), examples.seed)
    shared = _tuning_split(resolved) == split_of(resolved, "evaluation")
    tuning_rows = rows if shared else task_rows(resolved, "tuning") if examples.tuning else []
    tuning_total = None if shared or not examples.tuning else len(tuning_rows)
    counts = part_counts(resolved.name, examples, len(rows), tuning_total)
    evaluation = set(ranked[: counts.evaluation])
    explanation = set(ranked[: counts.explanation])
    tuning = _tuning(tuning_rows, examples, from_end=shared)
    logger.info(
        "task %s: %d rows, %d evaluation examples (%d explained), %d tuning examples",
        resolved.name,
        len(rows),
        *counts,
    )
    records = [
        _record(resolved, row, number, "evaluation") | {"explanation": row.id in explanation}
        for number, row in enumerate(rows)
        if row.id in evaluation
    ]
    records += [
        _record(resolved, row, number, "tuning")
        for number, row in enumerate(tuning_rows)
        if row.id in tuning
    ]
    return _frame(records)


def training_examples(resolved: ResolvedTask, examples: Examples) -> pl.DataFrame:
    """The training examples of a task as an EXAMPLES table that belongs to no part; tuning rows are left out.

    Raises:
        SourceError: the source has no training split or cannot be read, or a row is not as the task says.
    """
    rows = task_rows(resolved, "training")
    kept_out: set[str] = set()
    if _tuning_split(resolved) == split_of(resolved, "training"):
        kept_out = _tuning(rows, examples, from_end=False)
    return _frame(
        _record(resolved, row, number, "training")
        for number, row in enumerate(rows)
        if row.id not in kept_out
    )


def _tuning_split(resolved: ResolvedTask) -> str | None:
    return split_of(resolved, "tuning") or split_of(resolved, "evaluation")


def _tuning(rows: list[Row], examples: Examples, from_end: bool) -> set[str]:
    """Ids of the tuning rows; the last by rank where the first are evaluated, so that the parts are disjoint."""
    ranked = by_rank((row.id for row in rows), examples.seed)
    start = len(ranked) - examples.tuning if from_end else 0
    return set(ranked[start : start + examples.tuning])


def _record(resolved: ResolvedTask, row: Row, number: int, part: Part) -> dict[str, object]:
    prompt = render(resolved.task.prompt, row.fields)
    return {
        "example_id": f"{part}-{row.id}",
        "row": number,
        "prompt": prompt.text,
        "fields": [span._asdict() for span in prompt.fields],
        "options": [DELIMITER + option for option in row.options],
        "label": row.label,
        "evidence": _evidence(prompt, row),
        "posterior": list(row.posterior) or None,
        "evaluation": part == "evaluation",
        "explanation": False,
        "tuning": part == "tuning",
    }


def _evidence(prompt: Prompt, row: Row) -> list[dict[str, int]] | None:
    """Evidence spans in characters of the prompt; None where the source knows of none."""
    if not row.evidence:
        return None
    spans = []
    for name, start, end in prompt.fields:
        for first, last in row.evidence.get(name, ()):
            span = {"start": start + first, "end": min(start + last, end)}
            if span["start"] < span["end"]:
                spans.append(span)
    return spans


def _frame(records: Iterable[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(list(records), schema=dict(EXAMPLES.columns))
