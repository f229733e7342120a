"""Finding the texts of a logged document in its prompt, so that examples about one passage can be told."""

from collections.abc import Iterator
from typing import Any

from keepfaith.config.passages import SHORTEST_PASSAGE

Field = tuple[str, int, int]
"""Key of the document, and the characters (start, end) of its text in the prompt."""


def document_texts(document: Any) -> dict[str, str]:
    """Every text of a document by its key: `a`, nested `a.b`, in a list `a.0`; in the document's order.

    Of two keys that read alike (`a.b` and `b` within `a`), the first counts.
    """
    texts: dict[str, str] = {}
    # Not recursive: what may be read as JSON may be nested more deeply than functions may call each other.
    pending: list[tuple[str, Any]] = [("", document)]
    while pending:
        key, value = pending.pop()
        if isinstance(value, str):
            texts.setdefault(key or "doc", value)
        else:
            pending += reversed(list(_within(key, value)))
    return texts


def _within(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    prefix = f"{key}." if key else ""
    if isinstance(value, dict):
        yield from ((f"{prefix}{inner}", found) for inner, found in value.items())
    elif isinstance(value, list):
        yield from ((f"{prefix}{number}", found) for number, found in enumerate(value))


def fields_of(texts: dict[str, str], prompt: str, passage: str | None) -> tuple[Field, ...]:
    """Where the texts of a document stand in its prompt, without the blanks at their ends.

    The last occurrence counts, after any solved examples. Left out are short texts and the prompt itself, which a
    document may hold too, unless they are the text that `passage` names.

    Args:
        texts: texts by key, as `document_texts` gives them.
        prompt: the rendered prompt.
        passage: key of the text that is kept in any case, or None.
    """
    found = []
    for key, text in texts.items():
        bare = text.strip()
        if not bare:
            continue
        if key != passage and (len(bare) < SHORTEST_PASSAGE or bare == prompt.strip()):
            continue
        start = prompt.rfind(bare)
        if start >= 0:
            found.append((key, start, start + len(bare)))
    return tuple(found)
