"""The texts of logged documents, and how the documents of a log are built: which keys are names, and which are ids.

A list has a text now at this place, now at that, and some documents have a key per passage. Such places and keys say
nothing about what a text is, so all of them are one field, under the name `*`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

EVERY = "*"
"""Stands for any position of a list, and for any key that is an id."""

DocumentPath = tuple[str | int, ...]
"""Keys and positions from the outside to a text."""


def dotted(path: DocumentPath) -> str:
    """A path as it is typed: `a`, nested `a.b`, in a list `a.0`; `doc` where the document is the text."""
    return ".".join(map(str, path)) or "doc"


def matches(pattern: str, name: str) -> bool:
    """Whether a typed path names that of a text, `*` being any one key or position."""
    if EVERY not in pattern:
        return pattern == name
    parts, keys = pattern.split("."), name.split(".")
    return len(parts) == len(keys) and all(
        part in (EVERY, key) for part, key in zip(parts, keys, strict=True)
    )


def parsed(document: Any) -> Any:
    """A document; one that was written as JSON text, as what that text says."""
    if not isinstance(document, str) or not document.lstrip().startswith(("{", "[")):
        return document
    try:
        return json.loads(document)
    except (ValueError, RecursionError):
        return document


def named_values(document: Any, pattern: str) -> dict[DocumentPath, str]:
    """What a typed path names, by its own path, as text: a text, a number, or a whole list or block."""
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
    """The paths of all texts and numbers of a document, as they are typed."""
    keys = set()
    pending: list[tuple[DocumentPath, Any]] = [((), document)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, str | int | float):
            keys.add(dotted(path))
        pending += [((*path, key), inner) for key, inner in _within(value)]
    return frozenset(keys)


def document_texts(document: Any) -> dict[DocumentPath, str]:
    """Every text of a document by its path, in the document's order.

    Of two paths that read alike (`a.b` and `b` within `a`), the first counts.
    """
    texts: dict[str, tuple[DocumentPath, str]] = {}
    # Not recursive: what may be read as JSON may be nested more deeply than functions may call each other.
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
    """One place of the documents.

    Attributes:
        met: how often something stood there.
        dictionaries: how often that was a dictionary.
        within: what stood within it, by key; elements of lists under `*`.
        ids: keys that were moved under `*`.
    """

    met: int = 0
    dictionaries: int = 0
    within: "dict[str, _Node]" = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)


class Shape:
    """How the documents of a log are built.

    A key is a name where more than half of the dictionaries at its place have it, or where it alone is rarer; other
    keys are ids.
    """

    def __init__(self) -> None:
        self._root = _Node()
        self._settled = False

    def add(self, document: Any) -> None:
        """Count a document; before any name is asked for."""
        pending = [(self._root, document)]
        while pending:
            node, value = pending.pop()
            node.met += 1
            node.dictionaries += isinstance(value, dict)
            for key, inner in _within(value):
                part = EVERY if isinstance(key, int) else key
                pending.append((node.within.setdefault(part, _Node()), inner))

    def name(self, path: DocumentPath) -> str:
        """The path with `*` for positions and ids; of a text of one of the documents."""
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
    """Move ids under `*`, from the outside to the inside."""
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
