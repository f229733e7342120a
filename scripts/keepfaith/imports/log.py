"""Log of one task of one run of lm-evaluation-harness: examples of a multiple choice, and one model's answers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from keepfaith.config.errors import ConfigError, shown
from keepfaith.imports.documents import DocumentPath, Shape, dotted, matches, parsed
from keepfaith.imports.entries import read_entries
from keepfaith.imports.line import DocumentTexts, LoggedLine, doc_id_of, read_line, read_texts
from keepfaith.imports.requests import Unusable


@dataclass(frozen=True, kw_only=True)
class LoggedExample(LoggedLine):
    """A line whose target was read: `label` is the index of the correct choice."""

    label: int


Log = dict[int, LoggedExample]
"""Examples by doc_id."""


@dataclass(frozen=True)
class Unlabelled:
    """Lines of a log by doc_id, in the order of the file.

    Attributes:
        lines: each checked on its own.
        keys: document paths of all texts and numbers.
        named: whether any document has the key that `passage` names.
        bare: number of lines without a document.
    """

    lines: dict[int, LoggedLine]
    keys: set[str]
    named: bool
    bare: int


def read_lines(path: Path, passage: str | None = None) -> Unlabelled:
    """The lines of a log, each checked on its own.

    Args:
        path: the log.
        passage: document path of a value that is always kept, or None.

    Raises:
        ConfigError: it is truncated, its task is not a multiple choice over one prompt, an example occurs twice, or a
            log-likelihood or another value is not one that the harness writes; with the line.
    """
    lines: dict[int, LoggedLine] = {}
    shape = Shape()
    texts: dict[int, DocumentTexts] = {}
    bare = 0
    for location, row in read_entries(path):
        try:
            doc_id = doc_id_of(row)
            line = read_line(row, location)
            if doc_id in lines:
                raise Unusable(_twice(doc_id, lines[doc_id], line))
            lines[doc_id] = line
            document = parsed(row.get("doc"))
            texts[doc_id] = read_texts(document, line, passage)
            shape.add(document)
            bare += not document
        except Unusable as error:
            raise ConfigError(path, f"{location}: {error}") from error
        except (
            TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError,
        ) as error:  # fmt: skip
            raise ConfigError(
                path,
                f"{location}: is not as lm_eval writes it ({type(error).__name__}: {shown(str(error))}); copy the log "
                "again",
            ) from error
    keys = {key for of_document in texts.values() for key in of_document.keys}
    named = any(of_document.named for of_document in texts.values())
    return Unlabelled(_with_texts(lines, texts, shape, passage), keys, named, bare)


def _with_texts(
    lines: Mapping[int, LoggedLine],
    texts: Mapping[int, DocumentTexts],
    shape: Shape,
    passage: str | None,
) -> dict[int, LoggedLine]:
    """The lines with the texts of their documents; values that `passage` names have that name.

    Of the texts that are not in the prompt, those are kept that are named or that several lines share.
    """

    def name(path: DocumentPath) -> str:
        named = passage is not None and matches(passage, dotted(path))
        return str(passage) if named else shape.name(path)

    outside = {
        doc_id: {(name(path), text) for path, text in of_document.outside}
        for doc_id, of_document in texts.items()
    }
    lines_with = Counter(named for of_document in outside.values() for named in of_document)
    return {
        doc_id: replace(
            line,
            fields=tuple((name(path), start, end) for path, start, end in texts[doc_id].inside),
            outside=tuple(
                sorted(
                    named
                    for named in outside[doc_id]
                    if named[0] == passage or lines_with[named] > 1
                )
            ),
        )
        for doc_id, line in lines.items()
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
    return f"doc_id {doc_id} is already in {first.line}{told}; keep one filter per log, and each example once"
