"""Logs of a run, at any depth below its folder, and the task of each.

    samples_<task>_<date>.jsonl      one line per example, since 0.4.3
    <model_args>_<task>.jsonl        one JSON list, before that; / and = of the arguments are written as __

The second name does not show where the arguments end. The results beside the log do, or else the other levels' logs.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from keepfaith.config.errors import ConfigError
from keepfaith.config.places import unexpanded
from keepfaith.imports.entries import PACKED, is_list

LOGGED_TASK = r"\w[\w.+,@-]*"
"""Names of tasks that may be imported: each becomes a folder."""

_TASK = r"[A-Za-z0-9][\w.-]*"
_SAMPLES = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.-]+)\.jsonl(\.gz)?")
# A task starts after one underscore, or after those that a / at the end of the arguments left.
_TASK_AFTER_ARGUMENTS = re.compile(rf"(?=(?:(?<!_)_|___)(?P<task>{_TASK})$)")

Names = tuple[str, ...]
"""Possible tasks of a log, the longest first; a single one where it is certain."""


def task_of(log: Path) -> str:
    """The task in a log's name, the longest where its end is uncertain.

    Raises:
        ConfigError: the name contains none.
    """
    return _names(log)[0]


def is_dated(log: Path) -> bool:
    """Whether a log's name contains the date of its run, as its results' name does."""
    return _SAMPLES.fullmatch(log.name) is not None


def results_of(log: Path) -> Path | None:
    """The harness's results of the run that wrote a log, or None.

    Found by the date in both names; for a log without a date, the only results beside it.
    """
    dated = _SAMPLES.fullmatch(log.name)
    if dated is None:
        files = [*log.parent.glob("results*.json")]
        return files[0] if len(files) == 1 else None
    ending = f"_{dated['date']}.json"
    return next((file for file in sorted(log.parent.iterdir()) if file.name.endswith(ending)), None)


def logs_by_task(runs: Mapping[int, str | Path], location: str) -> dict[str, dict[int, Path]]:
    """The log of every task at every level.

    Args:
        runs: {level: the folder given to lm_eval as --output_path, one above or below it, or a single log}.
        location: where these runs were typed, for messages.

    Raises:
        ConfigError: a log is missing, one task was logged twice, the runs do not have the same tasks, or two levels
            read the same log, by any path.
    """
    named = {level: {log: _names(log) for log in _logs(Path(run))} for level, run in runs.items()}
    found = {
        level: _settled(Path(runs[level]), logs, list(named.values()))
        for level, logs in named.items()
    }
    for task in sorted({task for logs in found.values() for task in logs}):
        for level, logs in found.items():
            if task not in logs:
                having = next(other for other, of_other in found.items() if task in of_other)
                raise ConfigError(
                    location,
                    f"level {level} ({runs[level]}) has no log of task {task}, which level {having} has; run it "
                    "there too, or move that log away (a log that was renamed needs its name "
                    "samples_<task>_<date>.jsonl back)",
                )
    by_task = {
        task: {level: logs[task] for level, logs in found.items()}
        for task in sorted(next(iter(found.values())))
    }
    for of_levels in by_task.values():
        _check_distinct(of_levels, runs, location)
    return by_task


def _check_distinct(
    logs: Mapping[int, Path], runs: Mapping[int, str | Path], location: str
) -> None:
    """Refuse levels that read the same file, also by links, `./` and `..`."""
    seen: dict[tuple[int, int], int] = {}
    for level, log in logs.items():
        file = log.stat()
        other = seen.setdefault((file.st_dev, file.st_ino), level)
        if other != level:
            raise ConfigError(
                location,
                f"levels {other} ({runs[other]}) and {level} ({runs[level]}) are the same run: both read "
                f"{log.resolve()}; name the run of level {level}, or leave it out",
            )


def _logs(run: Path) -> list[Path]:
    if run.is_file():
        return [run]
    if not run.is_dir():
        what = f"no such file or folder{unexpanded(run)}"
        raise ConfigError(run, f"{what}; name the folder of a run of lm_eval")
    logs = [
        log
        for log in sorted([*run.rglob("*.jsonl"), *run.rglob(f"*.jsonl{PACKED}")])
        if log.is_file() and (log.name.startswith("samples_") or is_list(log))
    ]
    if not logs:
        raise ConfigError(
            run,
            "holds no log (samples_*.jsonl, or before 0.4.3 a list *_<task>.jsonl); run lm_eval with --log_samples "
            "and --output_path",
        )
    return logs


def _names(log: Path) -> Names:
    if dated := _SAMPLES.fullmatch(log.name):
        if not re.fullmatch(LOGGED_TASK, dated["task"]):
            raise ConfigError(
                log,
                f"the task {dated['task']!r} in its name cannot be a folder's; rename the log, at all levels, so that "
                "the task starts with a letter, digit or _ and continues with those or . + , @ -",
            )
        return (dated["task"],)
    stem = Path(log.name.removesuffix(PACKED)).stem
    stated = [task for task in _tasks_beside(log) if stem == task or stem.endswith(f"_{task}")]
    if stated:
        return (max(stated, key=len),)
    bare = stem.removeprefix("samples_").removesuffix("_samples").lstrip("_")
    if "__" not in bare and re.fullmatch(_TASK, bare):
        # No = of an argument: the name is the task's, or one of the user's that ends in it.
        certain = bare != stem
        return (bare,) if certain else (bare, *_ends(bare))
    if ends := _ends(stem):
        return ends
    raise ConfigError(log, "its name does not show its task; name it samples_<task>_<date>.jsonl")


def _ends(stem: str) -> Names:
    found = (match["task"] for match in _TASK_AFTER_ARGUMENTS.finditer(stem))
    return tuple(task for task in found if "__" not in task)


def _tasks_beside(log: Path) -> list[str]:
    """The tasks that results beside a log name; files that are not of the harness name none."""
    tasks: list[str] = []
    for file in sorted(log.parent.glob("*.json")):
        try:
            results = json.loads(file.read_text(encoding="utf-8"))
            tasks += results.get("configs") or results.get("results") or []
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            continue
    return [task for task in tasks if isinstance(task, str) and re.fullmatch(LOGGED_TASK, task)]


def _settled(
    run: Path, logs: Mapping[Path, Names], levels: Sequence[Mapping[Path, Names]]
) -> dict[str, Path]:
    """{task: log} of one run: of the possible tasks of a log, the one that the other levels also have."""
    certain = {names[0] for level in levels for names in level.values() if len(names) == 1}
    found: dict[str, Path] = {}
    for log, names in logs.items():
        known = [name for name in names if name in certain]
        shared = [
            name
            for name in names
            if all(sum(name in other for other in level.values()) == 1 for level in levels)
        ]
        task = (known or shared or names)[0]
        if task in found:
            raise ConfigError(
                run,
                f"holds two logs of task {task}: {found[task].name} and {log.name}; move one away",
            )
        found[task] = log
    return found
