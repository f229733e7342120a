"""The source that a study reads each task from, with its paths."""

from pathlib import Path

from keepfaith.config.errors import ConfigError
from keepfaith.config.places import unexpanded
from keepfaith.config.same_files import with_one_spelling
from keepfaith.config.schema import (
    HarnessTaskSource,
    HubTaskSource,
    LocalTaskSource,
    Study,
    Task,
)
from keepfaith.config.selected import LOCATION, path_below
from keepfaith.config.settings import ResolvedTask


def resolved_task(name: str, task: Task, study: Study) -> ResolvedTask:
    """A task with the source that the study takes, and paths relative to the working directory.

    Raises:
        ConfigError: the task has no such source, or the source lacks what the task needs.
    """
    available = task.sources.available()
    chosen = study.task_source if "harness" not in available else "harness"
    wanted = next(iter(available)) if chosen == "auto" else chosen
    if wanted not in available:
        raise ConfigError(
            f"{LOCATION}: task_source",
            f"task {name!r} has no {wanted} source; type {' or '.join(available)} or auto, or leave the task out",
        )
    source = available[wanted]
    if (
        task.few_shot
        and isinstance(source, HubTaskSource | LocalTaskSource)
        and not source.splits.training
    ):
        raise ConfigError(
            f"task {name}: few_shot",
            f"sources.{wanted} has no training split to take solved examples from; add splits.training, or leave "
            "few_shot out",
        )
    if isinstance(source, HarnessTaskSource) and source.include_path:
        path = path_below(study.folders.data, "data", source.include_path, f"task {name}")
        if not Path(path).is_dir():
            raise ConfigError(
                f"task {name}: sources.harness.include_path",
                f"there is no folder {path}{unexpanded(path)}; correct it, or folders.data",
            )
        source = source.model_copy(update={"include_path": path})
    if isinstance(source, LocalTaskSource):
        splits: dict[str, str] = {}
        for subset, path in source.splits.model_dump().items():
            if path is not None:
                splits[subset] = path_below(study.folders.data, "data", path, f"task {name}")
        source = source.model_copy(update={"splits": source.splits.model_copy(update=splits)})
        source = with_one_spelling(f"task {name}: sources.local.splits", source)
    return ResolvedTask(name=name, task=task, source=source)
