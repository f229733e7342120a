"""Texts of logged documents, and the structure of the documents of a log: which keys are names, and which are ids.

A text may be at any index of a list, and some documents have a key per passage. Such indices and keys do not tell what
a text is, so all of them are one field, with the name `*`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

EVERY = "*"
"""Stands for any index of a list, and for any key that is an id."""

DocumentPath = tuple[str | int, ...]
"""Keys and indices from the document to a text in it."""


def dotted(path: DocumentPath) -> str:
    """A document path as text: `a`, nested `a.b`, in a list `a.0`; `doc` where the document itself is the text."""
    return ".".join(map(str, path)) or "doc"


def matches(pattern: str, name: str) -> bool:
    """Whether a typed document path matches that of a text; `*` is any one key or index."""
    if EVERY not in pattern:
        return pattern == name
    parts, keys = pattern.split("."), name.split(".")
    return len(parts) == len(keys) and all(
        part in (EVERY, key) for part, key in zip(parts, keys, strict=True)
    )


def parsed(document: Any) -> Any:
    """A document, decoded where it was logged as JSON text."""
    if not isinstance(document, str) or not document.lstrip().startswith(("{", "[")):
        return document
    try:
        return json.loads(document)
    except (ValueError, RecursionError):
        return document


def named_values(document: Any, pattern: str) -> dict[DocumentPath, str]:
    """{document path: value as text} of all that `pattern` names: texts, numbers, or whole lists or blocks."""
    found: dict[DocumentPath, str] = {}
    pending: list[tuple[DocumentPath, Any]] = [((), document)]
    while pending:
        path, value = pending.pop()
        if matches(pattern, dotted(path)):
            if value is not None:
                found[path] = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        else:
            pending += reversed([((*path, key), inner) for key, inner in _within(value)])
    return found


def document_keys(document: Any) -> frozenset[str]:
    """The document paths of all texts and numbers, as text."""
    keys = set()
    pending: list[tuple[DocumentPath, Any]] = [((), document)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, str | int | float):
            keys.add(dotted(path))
        pending += [((*path, key), inner) for key, inner in _within(value)]
    return frozenset(keys)


def document_texts(document: Any) -> dict[DocumentPath, str]:
    """{document path: text} of all texts of a document, in its order.

    Of two paths with the same text form (`a.b`, and `b` within `a`), the first counts.
    """
    texts: dict[str, tuple[DocumentPath, str]] = {}
    # Not recursive: JSON may be nested more deeply than the recursion limit.
    pending: list[tuple[DocumentPath, Any]] = [((), document)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, str):
            texts.setdefault(dotted(path), (path, value))
        else:
            pending += reversed([((*path, key), inner) for key, inner in _within(value)])
    return dict(texts.values())


def _within(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


@dataclass
class _Node:
    """One document path, over all documents.

    Attributes:
        met: number of values at this path.
        dictionaries: number of those that are dictionaries.
        within: nodes below it, by key; elements of lists under `*`.
        ids: keys that were moved under `*`.
    """

    met: int = 0
    dictionaries: int = 0
    within: "dict[str, _Node]" = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)


class Shape:
    """Structure of the documents of a log.

    A key is a name where more than half of the dictionaries at its path have it, or where it is the only rarer one;
    other keys are ids.
    """

    def __init__(self) -> None:
        self._root = _Node()
        self._settled = False

    def add(self, document: Any) -> None:
        """Count a document; must not be called after `name`."""
        pending = [(self._root, document)]
        while pending:
            node, value = pending.pop()
            node.met += 1
            node.dictionaries += isinstance(value, dict)
            for key, inner in _within(value):
                part = EVERY if isinstance(key, int) else key
                pending.append((node.within.setdefault(part, _Node()), inner))

    def name(self, path: DocumentPath) -> str:
        """The path of a text of the documents, with `*` for indices and ids."""
        if not self._settled:
            _settle(self._root)
            self._settled = True
        parts = []
        node = self._root
        for key in path:
            part = EVERY if isinstance(key, int) or key in node.ids else key
            parts.append(part)
            node = node.within[part]
        return dotted(tuple(parts))


def _settle(root: _Node) -> None:
    """Move ids under `*`, from the top down."""
    pending = [root]
    while pending:
        node = pending.pop()
        rare = {key for key, inner in node.within.items() if 2 * inner.met <= node.dictionaries}
        if len(rare) > 1:
            node.ids = rare - {EVERY}
            every = node.within.setdefault(EVERY, _Node())
            for key in sorted(node.ids):
                _merge(every, node.within.pop(key))
        pending += node.within.values()


def _merge(target: _Node, source: _Node) -> None:
    pending = [(target, source)]
    while pending:
        ours, theirs = pending.pop()
        ours.met += theirs.met
        ours.dictionaries += theirs.dictionaries
        for key, inner in theirs.within.items():
            if key in ours.within:
                pending.append((ours.within[key], inner))
            else:
                ours.within[key] = inner
