"""The log of one task of one run of lm-evaluation-harness: examples of a multiple choice, and one model's answers."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from keepfaith.config.errors import ConfigError, shown
from keepfaith.imports.documents import Shape, dotted, matches
from keepfaith.imports.entries import read_entries
from keepfaith.imports.fields import Field, Place
from keepfaith.imports.line import LoggedLine, doc_id_of, read_line, read_texts
from keepfaith.imports.requests import Unusable


@dataclass(frozen=True, kw_only=True)
class LoggedExample(LoggedLine):
    """A line whose target was read: `label` is the index of the right option."""

    label: int


Log = dict[int, LoggedExample]
"""Examples by doc_id."""


@dataclass(frozen=True)
class Unlabelled:
    """Lines of a log by doc_id, in the order of the file, and the paths of all texts of its documents."""

    lines: dict[int, LoggedLine]
    keys: set[str]


def read_lines(path: Path, passage: str | None = None) -> Unlabelled:
    """The lines of a log, each checked by itself.

    Args:
        path: the log.
        passage: path of the document's text that must stand in the prompt, or None.

    Raises:
        ConfigError: it is truncated, is of a task that is no multiple choice over one prompt, names an example twice,
            or holds a log-likelihood that is none, or anything else that the harness does not write; with the line.
    """
    lines: dict[int, LoggedLine] = {}
    keys: set[str] = set()
    shape = Shape()
    places: dict[int, list[Place]] = {}
    for place, row in read_entries(path):
        try:
            doc_id = doc_id_of(row)
            line = read_line(row, place)
            if doc_id in lines:
                raise Unusable(_twice(doc_id, lines[doc_id], line))
            lines[doc_id] = line
            texts, places[doc_id] = read_texts(row.get("doc"), line, passage)
            keys.update(map(dotted, texts))
            shape.add(row.get("doc"))
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
    named = _named(places, shape, passage)
    return Unlabelled(
        {doc_id: replace(line, fields=named[doc_id]) for doc_id, line in lines.items()}, keys
    )


def _named(
    places: Mapping[int, list[Place]], shape: Shape, passage: str | None
) -> dict[int, tuple[Field, ...]]:
    """The fields of every document: what `passage` names goes by that name."""

    def name(path: tuple[str | int, ...]) -> str:
        named = passage is not None and matches(passage, dotted(path))
        return str(passage) if named else shape.name(path)

    return {
        doc_id: tuple((name(path), start, end) for path, start, end in of_document)
        for doc_id, of_document in places.items()
    }


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
