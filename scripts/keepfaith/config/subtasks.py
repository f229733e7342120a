"""Entries of the catalog that stand for several tasks: the sub-tasks of a group of lm-evaluation-harness."""

import re
from collections.abc import Mapping

from keepfaith.config.errors import ConfigError
from keepfaith.config.schema import Task

_LONGEST = 80
"""Characters of a name (`strict.Name`)."""


def with_subtasks(entries: Mapping[str, Task]) -> dict[str, Task]:
    """Tasks by name, in their order: of a group, one for each sub-task, named after its entry and itself.

    Raises:
        ConfigError: two tasks have the same name, or one has a name that is too long.
    """
    found: dict[str, Task] = {}
    for entry, task in entries.items():
        for name, each in _tasks_of(entry, task).items():
            if name in found:
                raise ConfigError(
                    f"task {entry}: sources.harness.subtasks",
                    f"two tasks of the study are called {name!r}; leave one out, or rename the file of the group",
                )
            if len(name) > _LONGEST:
                raise ConfigError(
                    f"task {entry}: sources.harness.subtasks",
                    f"{name!r} is longer than {_LONGEST} characters; give the file of the group a shorter name",
                )
            found[name] = each
    return found


def _tasks_of(entry: str, task: Task) -> dict[str, Task]:
    harness = task.sources.harness
    if harness is None or not harness.subtasks:
        return {entry: task}
    found: dict[str, Task] = {}
    for subtask in harness.subtasks:
        # Names are those of folders: in lower case, without separators.
        plain = subtask.removeprefix(f"{harness.task}_").lower()
        name = f"{entry}_{re.sub(r'[^a-z0-9_.-]+', '_', plain)}"
        if name in found:
            raise ConfigError(
                f"task {entry}: sources.harness.subtasks",
                f"{subtask!r} is listed twice, or differs from another only by case or signs; leave one out",
            )
        narrowed = harness.model_copy(update={"subtasks": (subtask,)})
        sources = task.sources.model_copy(update={"harness": narrowed})
        found[name] = task.model_copy(update={"sources": sources})
    return found
