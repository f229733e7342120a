"""Where the logs of a run lie: `samples_<task>_<date>.jsonl`, at any depth below the run's folder."""

import re
from collections.abc import Mapping
from pathlib import Path

from keepfaith.config.errors import ConfigError

_SAMPLES = re.compile(
    r"samples_(?P<task>[A-Za-z0-9][\w.-]*)_(?P<date>\d{4}-\d\d-\d\dT[\d.-]+)\.jsonl"
)


def task_and_date(log: Path) -> tuple[str, str]:
    """The task and the date in a log's name.

    Raises:
        ConfigError: the file is named otherwise.
    """
    match = _SAMPLES.fullmatch(log.name)
    if match is None:
        raise ConfigError(
            log, "is not named samples_<task>_<date>.jsonl; give it the name that lm_eval gave it"
        )
    return match["task"], match["date"]


def logs_of_run(run: Path) -> dict[str, Path]:
    """The log of every task of a run, by task.

    Args:
        run: the folder given to lm_eval as --output_path, one above or below it, or a single log.

    Raises:
        ConfigError: nothing is there, or one task was logged twice.
    """
    if run.is_file():
        return {task_and_date(run)[0]: run}
    if not run.is_dir():
        raise ConfigError(run, "no such file or folder; name the folder of a run of lm_eval")
    logs: dict[str, Path] = {}
    for log in sorted(run.rglob("samples_*.jsonl")):
        task, _ = task_and_date(log)
        if task in logs:
            raise ConfigError(
                run,
                f"holds two logs of task {task}: {logs[task].name} and {log.name}; move one away",
            )
        logs[task] = log
    if not logs:
        raise ConfigError(
            run, "holds no samples_*.jsonl; run lm_eval with --log_samples and --output_path"
        )
    return logs


def logs_by_task(runs: Mapping[int, str | Path], place: str) -> dict[str, dict[int, Path]]:
    """The log of every task at every level.

    Args:
        runs: folder of the run, by level.
        place: where these runs were named, for messages.

    Raises:
        ConfigError: the runs do not hold the same tasks, or as `logs_of_run`.
    """
    found = {level: logs_of_run(Path(run)) for level, run in runs.items()}
    for task in sorted({task for logs in found.values() for task in logs}):
        for level, logs in found.items():
            if task not in logs:
                having = next(other for other, of_other in found.items() if task in of_other)
                raise ConfigError(
                    place,
                    f"level {level} ({runs[level]}) has no log of task {task}, which level {having} has; run it "
                    "there too, or move that log away",
                )
    return {
        task: {level: logs[task] for level, logs in found.items()}
        for task in sorted(next(iter(found.values())))
    }
