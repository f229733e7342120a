"""Logs of all levels of a task, which must have the same examples."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from keepfaith.config.errors import ConfigError, nearest, shown
from keepfaith.config.passages import NO_PASSAGE
from keepfaith.imports.counts import check_whole
from keepfaith.imports.log import Log, Unlabelled, labelled, read_lines
from keepfaith.imports.models import check_models
from keepfaith.imports.targets import labels_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoggedTask:
    """The logs of one task.

    Attributes:
        levels: the log of every level.
        keys: document paths of all texts and numbers.
        named: whether any document has the key that `passage` names.
        unchecked: {log: reason why it could not be checked}.
        notes: cautions for a reader of the numbers, as sentences.
    """

    levels: dict[int, Log]
    keys: set[str]
    named: bool
    unchecked: dict[Path, str]
    notes: list[str]


def read_task(logs: Mapping[int, Path], passage: str | None = None) -> LoggedTask:
    """The log of every level, checked to hold the same examples with the same prompts, choices and labels.

    Args:
        logs: the log's file, by level; at least one.
        passage: key of the documents whose value is the passage, NO_PASSAGE, or None if not given.

    Raises:
        ConfigError: a log is unusable, or differs from that of the lowest level; with the line. Or two levels have the
            same log-likelihoods.
    """
    read = _read(logs, passage)
    for path, sentence in read.unchecked.items():
        logger.warning("%s: %s", path, _not_checked(sentence))
    return read


def check_logs(
    tasks: Iterable[Mapping[int, Path]], passage: str | None, location: str
) -> list[str]:
    """Read the logs of all tasks of an import, so that an invalid one is refused before any job.

    Args:
        tasks: the log of every level, one mapping per task.
        passage: as for `read_task`.
        location: where the passage was typed, for messages.

    Returns:
        Notes for the user, one line each: logs that cannot be shown to be complete, and levels that may be of the same
        model.

    Raises:
        ConfigError: as `read_task`; or no document of any task has the key that `passage` names.
    """
    keys: set[str] = set()
    named = False
    unchecked: dict[Path, str] = {}
    notes: list[str] = []
    for logs in tasks:
        read = _read(logs, passage)
        keys |= read.keys
        named |= read.named
        unchecked |= read.unchecked
        notes += read.notes
    if passage not in (None, NO_PASSAGE) and not named:
        # Elements of lists are suggested only for lack of others: there may be hundreds.
        plain = {key for key in keys if not any(part.isdigit() for part in key.split("."))}
        raise ConfigError(
            location,
            f"{passage!r} names nothing in any logged document; type none where there is no passage"
            f"{nearest(passage, plain or keys)}",
        )
    # One line for all: a run without its results has a log per task.
    first = [
        f"{path}: {_not_checked(sentence, len(unchecked) - 1)}"
        for path, sentence in unchecked.items()
    ]
    return first[:1] + [
        f"{location.removesuffix('.passage')}: {note}" for note in dict.fromkeys(notes)
    ]


def _not_checked(sentence: str, others: int = 0) -> str:
    also = f", and so may {others} other logs" if others else ""
    return f"{sentence}: the log may be incomplete{also}; copy the run's results_*.json beside it if there is one"


def _read(logs: Mapping[int, Path], passage: str | None) -> LoggedTask:
    named = None if passage == NO_PASSAGE else passage
    levels = sorted(logs)
    read = {logs[level]: read_lines(logs[level], named) for level in levels}
    lines = {path: log.lines for path, log in read.items()}
    unchecked = check_whole(lines)
    labels = labels_of(lines)
    found = {level: labelled(lines[logs[level]], labels[logs[level]]) for level in levels}
    for level in levels[1:]:
        _compare(found[levels[0]], logs[levels[0]], found[level], logs[level])
    _check_answers(found, logs)
    first = read[logs[levels[0]]]
    notes = check_models(found, logs) + _bare(first, passage) + _all_different(first, named)
    keys = {key for log in read.values() for key in log.keys}
    return LoggedTask(found, keys, any(log.named for log in read.values()), unchecked, notes)


def _all_different(log: Unlabelled, named: str | None) -> list[str]:
    """A note where the named value differs in every example, and is never a text of the prompt."""
    texts = [text for line in log.lines.values() for name, text in line.outside if name == named]
    inside = any(name == named for line in log.lines.values() for name, _, _ in line.fields)
    if inside or len(texts) < 2 or len(set(texts)) < len(texts):
        return []
    return [
        f"`{named}` differs in every example, so passage: {named} groups nothing; name a key that examples about one "
        "passage share, or type passage: none."
    ]


def _bare(log: Unlabelled, passage: str | None) -> list[str]:
    """A note where documents are missing, which are needed to find shared texts."""
    if not log.bare or passage == NO_PASSAGE:
        return []
    return [
        f"{log.bare} of {len(log.lines)} examples are logged without their document (doc): a passage that they share "
        "was searched for in their prompts only. Import a log that has the documents, or type passage: none if the "
        "examples are independent."
    ]


def _check_answers(found: Mapping[int, Log], logs: Mapping[int, Path]) -> None:
    """Refuse two levels with identical log-likelihoods: a copy of one run, or a model that was not pruned."""
    seen: dict[frozenset[tuple[int, tuple[float, ...]]], int] = {}
    for level, log in found.items():
        answers = frozenset((doc_id, line.log_likelihoods) for doc_id, line in log.items())
        other = seen.setdefault(answers, level)
        if other == level:
            continue
        raise ConfigError(
            logs[level],
            f"level {level} has the log-likelihoods of level {other} ({logs[other]}), bit for bit, in all {len(log)} "
            "examples: it is a copy of that run, or a run of the same model; run the pruned model, or leave that level "
            "out",
        )


def _compare(expected: Log, reference: Path, found: Log, path: Path) -> None:
    for doc_id in sorted(expected.keys() ^ found.keys()):
        has, lacks = (reference, path) if doc_id in expected else (path, reference)
        raise ConfigError(
            lacks,
            f"has no example doc_id {doc_id}, which {has} has; all levels need the same examples (same --limit or "
            "--samples), run one of them again",
        )
    for doc_id, example in found.items():
        dense = expected[doc_id]
        for name in ("document", "prompt", "options", "label"):
            ours, theirs = getattr(example, name), getattr(dense, name)
            if name == "document" and not (ours and theirs):
                continue  # a version of the harness that wrote no hash: prompt, choices and label are compared
            if ours != theirs:
                raise ConfigError(
                    path,
                    f"{example.line}: the {name} of doc_id {doc_id} is {shown(ours, 40)}, but {shown(theirs, 40)} in "
                    f"{dense.line} of {reference}; all levels need the same task, few-shot examples and template",
                )
