"""Solved examples before every prompt: rows of the training split with their right choices."""

from collections.abc import Iterable
from random import Random
from typing import NamedTuple

from keepfaith.config.blanks import around_blank
from keepfaith.config.counts import enough_shots
from keepfaith.config.rows import TaskRow, content_of
from keepfaith.config.schema import SPACE, FewShot, Task
from keepfaith.config.settings import ResolvedTask
from keepfaith.tasks.sources import split_serving, task_rows
from keepfaith.tasks.templates import render_prompt


class Shots(NamedTuple):
    """The text before every prompt, and the contents of the rows in it, as of `content_of`."""

    text: str
    contents: frozenset[bytes]


NO_SHOTS = Shots("", frozenset())


def read_shots(resolved: ResolvedTask, evaluated: Iterable[TaskRow]) -> Shots:
    """The solved examples of a task, none of which is evaluated; nothing for a task without.

    Raises:
        SourceError: the training split is missing or cannot be read.
        ConfigError: it has too few rows that are not evaluated.
    """
    few_shot = resolved.task.few_shot
    if few_shot is None:
        return NO_SHOTS
    contents = {content_of(row) for row in evaluated}
    pool = [row for row in task_rows(resolved, "training").rows if content_of(row) not in contents]
    enough_shots(resolved.name, few_shot, len(pool), str(split_serving(resolved, "training")))
    shots = _chosen(pool, few_shot)
    return Shots(
        "".join(solved(resolved.task, row) + few_shot.separator for row in shots),
        frozenset(map(content_of, shots)),
    )


def solved(task: Task, row: TaskRow) -> str:
    """A row's prompt and its right choice, which fills the blank if there is one."""
    prompt = render_prompt(task.prompt, row.fields, cut_end=task.delimiter == SPACE)
    right = row.options[row.label]
    if task.blank:
        before, after = around_blank(prompt.text, task.blank)
        return before + right + after
    return prompt.text + task.delimiter + right


def _chosen(pool: list[TaskRow], few_shot: FewShot) -> list[TaskRow]:
    if few_shot.choose == "first":
        return pool[: few_shot.examples]
    return Random(few_shot.seed).sample(pool, few_shot.examples)
