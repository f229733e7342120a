"""The log of one task of one run of lm-evaluation-harness: examples of a multiple choice, and one model's answers."""

from dataclasses import dataclass, field, fields
from pathlib import Path

from keepfaith.config.errors import ConfigError, shown
from keepfaith.imports.entries import read_entries
from keepfaith.imports.fields import document_texts
from keepfaith.imports.line import LoggedLine, Unusable, doc_id_of, read_line


@dataclass(frozen=True, kw_only=True)
class LoggedExample(LoggedLine):
    """A line whose target was read: `label` is the index of the right option."""

    label: int


Log = dict[int, LoggedExample]
"""Examples by doc_id."""


@dataclass(frozen=True)
class Unlabelled:
    """Lines of a log by doc_id, in the order of the file, and the keys of all texts of its documents."""

    lines: dict[int, LoggedLine] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)


def read_lines(path: Path, passage: str | None = None) -> Unlabelled:
    """The lines of a log, each checked by itself.

    Args:
        path: the log.
        passage: key of the document whose text must stand in the prompt, or None.

    Raises:
        ConfigError: it is truncated, is of a task that is no multiple choice over one prompt, names an example twice,
            or holds a log-likelihood that is none, or anything else that the harness does not write; with the line.
    """
    found = Unlabelled()
    for place, row in read_entries(path):
        try:
            doc_id = doc_id_of(row)
            line = read_line(row, place, passage)
            if doc_id in found.lines:
                raise Unusable(_twice(doc_id, found.lines[doc_id], line))
            found.lines[doc_id] = line
            found.keys.update(document_texts(row.get("doc")))
        except Unusable as error:
            raise ConfigError(path, f"{place}: {error}") from error
        except (
            TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError,
        ) as error:  # fmt: skip
            raise ConfigError(
                path,
                f"{place}: holds what lm_eval does not write ({type(error).__name__}: {shown(str(error))}); copy the "
                "log again",
            ) from error
    return found


def labelled(lines: dict[int, LoggedLine], labels: dict[int, int]) -> Log:
    """The lines with their labels, both by doc_id."""
    names = [one.name for one in fields(LoggedLine)]
    return {
        doc_id: LoggedExample(label=labels[doc_id], **{name: getattr(line, name) for name in names})
        for doc_id, line in lines.items()
    }


def _twice(doc_id: int, first: LoggedLine, second: LoggedLine) -> str:
    filters = sorted({first.filter, second.filter} - {""})
    told = f" (filters {' and '.join(map(repr, filters))})" if len(filters) > 1 else ""
    return f"doc_id {doc_id} stands in {first.line} already{told}; keep one filter per log, and each example once"
