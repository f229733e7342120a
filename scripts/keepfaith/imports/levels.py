"""The logs of all levels of a task, which must be about the same examples."""

from collections.abc import Mapping
from pathlib import Path

from keepfaith.config.errors import ConfigError, shown
from keepfaith.imports.log import LoggedExample, read_log

Log = dict[int, LoggedExample]
"""Examples by doc_id."""


def read_levels(logs: Mapping[int, Path]) -> dict[int, Log]:
    """The log of every level, checked to hold the same examples with the same prompts, options and labels.

    Args:
        logs: the log's file, by level; at least one.

    Raises:
        ConfigError: a log is unusable, or differs from that of the lowest level; with the line.
    """
    found: dict[int, Log] = {}
    first, *others = sorted(logs)
    found[first] = read_log(logs[first])
    for level in others:
        found[level] = read_log(logs[level])
        _compare(found[first], logs[first], found[level], logs[level])
    return found


def _compare(expected: Log, reference: Path, found: Log, path: Path) -> None:
    for doc_id in expected.keys() ^ found.keys():
        has, lacks = (reference, path) if doc_id in expected else (path, reference)
        raise ConfigError(
            lacks,
            f"has no example doc_id {doc_id}, which {has} has; all levels need the same examples (same --limit), "
            "run one of them again",
        )
    for doc_id, example in found.items():
        dense = expected[doc_id]
        for name in ("document", "prompt", "options", "label"):
            ours, theirs = getattr(example, name), getattr(dense, name)
            if ours != theirs:
                raise ConfigError(
                    path,
                    f"{example.line}: the {name} of doc_id {doc_id} is {shown(ours, 40)}, but {shown(theirs, 40)} in "
                    f"{dense.line} of {reference}; all levels need the same task, few-shot examples and template",
                )
