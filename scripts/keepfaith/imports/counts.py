"""Whether a log is whole, from what the harness's own results beside it state.

Versions of the harness before 0.4.13 state the number of the whole task's examples, though the run had `--samples` and
logged a few of them. Such a log is told from one that was cut by the results' hash over all logged examples, by numbers
that do not run from 0 without a gap, and by the other levels, which hold the same examples.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepfaith.config.errors import ConfigError
from keepfaith.imports.runs import results_of, task_of
from keepfaith.imports.targets import Lines


@dataclass(frozen=True)
class _Stated:
    """What a results file says of a task: how many examples, and the hash over them, where it has one."""

    file: Path
    examples: int
    digest: str


def check_whole(logs: Mapping[Path, Lines]) -> None:
    """Refuse logs that were cut.

    Args:
        logs: those of one task at all levels.

    Raises:
        ConfigError: a log holds another number of examples than stated, and nothing says that the run chose them.
    """
    examples = [lines.keys() for lines in logs.values()]
    agree = len(examples) > 1 and all(ids == examples[0] for ids in examples)
    for path, lines in logs.items():
        stated = _stated(path)
        if stated is None or stated.examples == len(lines):
            continue
        logged = _digest(lines)
        if logged and logged == stated.digest:
            continue
        # Without a hash to say otherwise, levels that hold the same examples were not cut.
        if agree and not (logged and stated.digest and _without_gap(lines)):
            continue
        raise ConfigError(
            path,
            f"holds {len(lines)} examples, {stated.file.name} says {stated.examples}; copy the whole log again, or, "
            f"where the run had --samples, move {stated.file.name} away",
        )


def _stated(log: Path) -> _Stated | None:
    """What the results beside a log say of its task; None where they say nothing, or the run had `--samples`."""
    file = results_of(log)
    if file is None:
        return None
    task = task_of(log)
    try:
        results = json.loads(file.read_text(encoding="utf-8"))
        if _chosen(results) or _chosen(results.get("config")) or "n-samples" not in results:
            return None
        examples = results["n-samples"][task]["effective"]
        if type(examples) is not int:
            raise TypeError(examples)
        digest = (results.get("task_hashes") or {}).get(task)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigError(
            file,
            f"does not say how many examples task {task} has; move it away or copy it again",
        ) from error
    return _Stated(file, examples, digest if isinstance(digest, str) else "")


def _chosen(settings: Any) -> bool:
    """Whether settings hold the harness's `samples`: numbers of examples by task, or the name of a file of them."""
    samples = settings.get("samples") if isinstance(settings, dict) else None
    if isinstance(samples, dict):
        return any(
            isinstance(numbers, list) and all(type(number) is int for number in numbers)
            for numbers in samples.values()
        )
    return isinstance(samples, str) and bool(samples)


def _digest(lines: Lines) -> str:
    """The harness's hash over all logged examples; empty where a line has none of its own."""
    hashes = [line.hashes for line in lines.values()]
    return hashlib.sha256("".join(hashes).encode("utf-8")).hexdigest() if all(hashes) else ""


def _without_gap(lines: Lines) -> bool:
    return set(lines) == set(range(len(lines)))
