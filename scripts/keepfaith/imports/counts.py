"""Whether a log is whole, from what the harness's own results beside it state.

Versions of the harness before 0.4.13 state the number of the whole task's examples, though the run had `--samples` and
logged a few of them. Such a log is told from one that was cut by the results' hash over all logged examples. All
versions that know `--samples` write that hash; where it is gone, examples that a whole run would log one after the
other are what is left of one that was cut, and others were chosen, if the other levels hold the same ones.
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
    """What a results file says of a task: how many examples, the hash over them, and whether the run chose them."""

    file: Path
    examples: int
    digest: str
    chosen: bool


def check_whole(logs: Mapping[Path, Lines]) -> dict[Path, str]:
    """Refuse logs that were cut.

    Args:
        logs: those of one task at all levels.

    Returns:
        What could not be checked, by log: nothing states how many examples it should hold, or it holds fewer than
        stated and may have been chosen or lost them.

    Raises:
        ConfigError: a log holds another number of examples than stated, and nothing says that the run chose them.
    """
    examples = [lines.keys() for lines in logs.values()]
    agree = len(examples) > 1 and all(ids == examples[0] for ids in examples)
    unchecked: dict[Path, str] = {}
    for path, lines in logs.items():
        stated = _stated(path)
        if stated is None:
            unchecked[path] = f"nothing states how many examples it should hold; {len(lines)} taken"
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
    """What the results beside a log say of its task; None where they say nothing that is a count of this log."""
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
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if not is_dated(log):
            return None  # the file may be of another run, or none of the harness's
        raise ConfigError(
            file,
            f"does not say how many examples task {task} has; move it away or copy it again",
        ) from error
    return _Stated(file, examples, digest if isinstance(digest, str) else "", bool(chosen))


def _chosen(settings: Any) -> dict[str, list[int]]:
    """The harness's `samples`: numbers of examples by task; of a file of them, its name with none."""
    samples = settings.get("samples") if isinstance(settings, dict) else None
    if isinstance(samples, dict):
        return {
            task: numbers
            for task, numbers in samples.items()
            if isinstance(numbers, list) and all(type(number) is int for number in numbers)
        }
    return {samples: []} if isinstance(samples, str) and samples else {}


def _digest(lines: Lines) -> str:
    """The harness's hash over all logged examples; empty where a line has none of its own."""
    hashes = [line.hashes for line in lines.values()]
    return hashlib.sha256("".join(hashes).encode("utf-8")).hexdigest() if all(hashes) else ""


def _is_piece(doc_ids: list[int], examples: int) -> bool:
    """Whether these follow each other in the order in which a run over so many examples logs them.

    A run on several devices gives every n-th example to each, and logs those of the first device, then of the second.
    """
    if len(doc_ids) > examples:
        return True  # nothing that a run chooses makes more of them
    if len(doc_ids) == 1:
        return doc_ids == [0]
    pairs = list(pairwise(doc_ids))
    steps = Counter(after - before for before, after in pairs)
    devices = max(1, steps.most_common(1)[0][0])

    def follows(before: int) -> int:
        return before + devices if before + devices < examples else before % devices + 1

    return all(after == follows(before) for before, after in pairs)
