"""Completeness of a log, checked with the harness's results beside it.

Versions of the harness before 0.4.13 state the number of the task's examples even where the run had `--samples` and
logged fewer. The results' hash over all logged examples tells such a log from one that was cut. All versions with
`--samples` write that hash. Where it is missing, consecutive examples of a complete run mean that the log was cut;
other examples were selected, if all levels have the same ones.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from keepfaith.config.errors import ConfigError
from keepfaith.imports.runs import is_dated, results_of, task_of
from keepfaith.imports.targets import Lines


@dataclass(frozen=True)
class _Stated:
    """Statement of a results file about a task: number of examples, hash over them, whether the run selected them."""

    file: Path
    examples: int
    digest: str
    chosen: bool


def check_whole(logs: Mapping[Path, Lines]) -> dict[Path, str]:
    """Refuse logs that were cut.

    Args:
        logs: those of one task at all levels.

    Returns:
        {log: reason why it could not be checked}: its number of examples is not stated, or it has fewer than stated,
        which may have been selected or lost.

    Raises:
        ConfigError: a log has another number of examples than stated, and nothing says that the run selected them.
    """
    examples = [lines.keys() for lines in logs.values()]
    agree = len(examples) > 1 and all(ids == examples[0] for ids in examples)
    unchecked: dict[Path, str] = {}
    for path, lines in logs.items():
        stated = _stated(path)
        if stated is None:
            unchecked[path] = f"no file states its number of examples; {len(lines)} taken"
            continue
        logged = _digest(lines)
        if stated.examples == len(lines) or (logged and logged == stated.digest):
            continue
        if not agree or stated.chosen or _is_piece(list(lines), stated.examples):
            raise ConfigError(
                path,
                f"holds {len(lines)} examples, {stated.file.name} says {stated.examples}; copy the whole log again, "
                f"or, where the run had --samples, move {stated.file.name} away",
            )
        unchecked[path] = f"{stated.file.name} says {stated.examples} examples; {len(lines)} taken"
    return unchecked


def _stated(log: Path) -> _Stated | None:
    """The statement of the results beside a log about its task; None where they do not count this log."""
    file = results_of(log)
    if file is None:
        return None
    task = task_of(log)
    try:
        results = json.loads(file.read_text(encoding="utf-8"))
        chosen = _chosen(results) or _chosen(results.get("config"))
        if "n-samples" not in results or (chosen and task not in chosen):
            return None
        examples = len(chosen[task]) if chosen else results["n-samples"][task]["effective"]
        if type(examples) is not int:
            raise TypeError(examples)
        digest = (results.get("task_hashes") or {}).get(task)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if not is_dated(log):
            return None  # the file may be of another run, or not of the harness
        raise ConfigError(
            file,
            f"does not state the number of examples of task {task}; move it away or copy it again",
        ) from error
    return _Stated(file, examples, digest if isinstance(digest, str) else "", bool(chosen))


def _chosen(settings: Any) -> dict[str, list[int]]:
    """The harness's `samples`: {task: numbers of examples}; for a file of them, {its name: []}."""
    samples = settings.get("samples") if isinstance(settings, dict) else None
    if isinstance(samples, dict):
        return {
            task: numbers
            for task, numbers in samples.items()
            if isinstance(numbers, list) and all(type(number) is int for number in numbers)
        }
    return {samples: []} if isinstance(samples, str) and samples else {}


def _digest(lines: Lines) -> str:
    """The harness's hash over all logged examples; empty where a line has no hash."""
    hashes = [line.hashes for line in lines.values()]
    return hashlib.sha256("".join(hashes).encode("utf-8")).hexdigest() if all(hashes) else ""


def _is_piece(doc_ids: list[int], examples: int) -> bool:
    """Whether the ids are consecutive in the order in which a complete run over `examples` logs them.

    A run on n devices gives every n-th example to each, and logs those of the first device, then of the second.
    """
    if len(doc_ids) > examples:
        return True  # no selection of a run gives more examples
    if len(doc_ids) == 1:
        return doc_ids == [0]
    pairs = list(pairwise(doc_ids))
    steps = Counter(after - before for before, after in pairs)
    devices = max(1, steps.most_common(1)[0][0])

    def follows(before: int) -> int:
        return before + devices if before + devices < examples else before % devices + 1

    return all(after == follows(before) for before, after in pairs)
