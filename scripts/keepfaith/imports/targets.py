"""Labels from the targets of a task, which are indices, texts of choices, or truth values.

The kind is found from the targets of all logs of a task together: a single target such as "2" may be an index or a
choice's text.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from keepfaith.config.errors import ConfigError, shown
from keepfaith.imports.line import LoggedLine

Lines = Mapping[int, LoggedLine]
"""Lines of one log by doc_id."""

_LISTED = re.compile(r"\[\s*([0-9]+)\s*\]")

Labels = tuple[int, ...]
"""Labels of all lines of all logs, in their order."""


def labels_of(logs: Mapping[Path, Lines]) -> dict[Path, dict[int, int]]:
    """The index of the correct choice of every line, by log and doc_id.

    Where several readings fit all targets, the one counts that agrees with every `acc`: whether the choice with the
    highest log-likelihood is the correct one.

    Raises:
        ConfigError: no reading fits all targets, none agrees with `acc`, or several do; with the line.
    """
    logged = [(path, line) for path, lines in logs.items() for line in lines.values()]
    readings = {name: [read(line) for _, line in logged] for name, read in READINGS.items()}
    # Readings with the same labels are one.
    fitting: dict[Labels, str] = {}
    for name, read in readings.items():
        labels = tuple(label for label in read if label is not None)
        if len(labels) == len(logged):
            fitting.setdefault(labels, name)
    if not fitting:
        raise _unread(logged, readings)
    agreeing = [labels for labels in fitting if _contradicted(logged, labels) is None]
    if not agreeing:
        raise _own_accuracy(logged, next(iter(fitting)))
    if len(agreeing) > 1:
        raise _ambiguous(logged, {fitting[labels]: labels for labels in agreeing})
    found = iter(agreeing[0])
    return {path: {doc_id: next(found) for doc_id in lines} for path, lines in logs.items()}


def _index(line: LoggedLine) -> int | None:
    text = "" if isinstance(line.target, bool) else str(line.target).strip()
    # A task that may have several correct choices writes a list, here of one.
    text = match[1] if (match := _LISTED.fullmatch(text)) else text
    # Only numbers as the harness writes them; int() would also accept digits of other scripts and "1_0".
    known = [str(option) for option in range(len(line.options))]
    return known.index(text) if text in known else None


def _text(line: LoggedLine) -> int | None:
    matching = _same_text(line)
    return matching[0] if len(matching) == 1 else None


def _truth(line: LoggedLine) -> int | None:
    """A truth value, which the harness reads as 0 or 1."""
    text = str(line.target).strip().lower()
    if len(line.options) != 2 or text not in ("true", "false"):
        return None
    return int(text == "true")


def _same_text(line: LoggedLine) -> list[int]:
    """The choices equal to the target; the harness puts a delimiter, mostly a space, before a choice."""
    if not isinstance(line.target, str):
        return []
    target = line.target.strip()
    return [k for k, option in enumerate(line.options) if option.strip() == target]


READINGS: dict[str, Callable[[LoggedLine], int | None]] = {
    "an index": _index,
    "the text of a choice": _text,
    "a truth value": _truth,
}

LoggedLines = Sequence[tuple[Path, LoggedLine]]


def _contradicted(logged: LoggedLines, labels: Labels) -> int | None:
    """Index of the first line whose `acc` contradicts the labels."""
    for number, ((_, line), label) in enumerate(zip(logged, labels, strict=True)):
        if line.acc is not None and line.acc != (line.predicted == label):
            return number
    return None


def _own_accuracy(logged: LoggedLines, labels: Labels) -> ConfigError:
    number = _contradicted(logged, labels) or 0
    path, line = logged[number]
    return ConfigError(
        path,
        f"{line.line}: acc is {float(bool(line.acc))}, but the highest log-likelihood is that of choice "
        f"{line.predicted} and the target is choice {labels[number]}: this task counts accuracy in another way, "
        "leave it out",
    )


def _ambiguous(logged: LoggedLines, readings: Mapping[str, Labels]) -> ConfigError:
    (one, first), (other, second), *_ = readings.items()
    number = next(n for n, (a, b) in enumerate(zip(first, second, strict=True)) if a != b)
    path, line = logged[number]
    return ConfigError(
        path,
        f"{line.line}: ambiguous: target {shown(line.target)} is choice {first[number]} as {one}, choice "
        f"{second[number]} as {other}, as all targets may be either, and no acc decides; add the metric acc to the "
        "task's metric_list and run it again",
    )


def _unread(logged: LoggedLines, readings: Mapping[str, Sequence[int | None]]) -> ConfigError:
    """The problem of the first line that the most successful reading cannot read."""
    name = max(readings, key=lambda name: list(readings[name]).index(None))
    number = list(readings[name]).index(None)
    path, line = logged[number]
    others = [other for other, labels in readings.items() if labels[number] is not None]
    options = len(line.options)
    if len(same := _same_text(line)) > 1:
        problem = (
            f"target {shown(line.target)} is the text of choices {' and '.join(map(str, same))}; leave that example "
            "out of the logs of all levels"
        )
    elif others and number > 0:
        problem = (
            f"target {shown(line.target)} is {others[0]}, but {shown(logged[0][1].target)} in {logged[0][1].line} is "
            f"{name}; all targets of a task must be of one kind"
        )
    else:
        problem = (
            f"target {shown(line.target)} is none of the {options} choices (0 to {options - 1}, or one of their "
            "texts); a task without labels, or with several correct choices, cannot be imported"
        )
    return ConfigError(path, f"{line.line}: {problem}")
