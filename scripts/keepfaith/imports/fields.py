"""Finding the texts of a logged document in its prompt, so that examples about one passage can be told."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from html import unescape

from keepfaith.config.passages import comparable, is_short
from keepfaith.imports.documents import DocumentPath, dotted, matches

NamedSpan = tuple[str, int, int]
"""Name of a field, and the characters (start, end) of its text in the prompt."""

DocumentSpan = tuple[DocumentPath, int, int]
"""The same with the path of the text in the document."""

_COMBINING = 4
"""Characters that may follow a letter and be composed with it."""


class RenderedPrompt:
    """A rendered prompt in which texts are looked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def comparable(self) -> str:
        """The prompt as texts are compared."""
        return comparable(self.text)

    def find(self, text: str) -> tuple[int, int] | None:
        """Start and end of the last occurrence of a text, without the blanks at its ends; None where it has none.

        Where it does not stand there letter by letter (a template may change case or blanks), it is looked for as
        texts are compared.
        """
        bare = text.strip()
        start = self.text.rfind(bare)
        if start >= 0:
            return start, start + len(bare)
        wanted = comparable(text)
        index = self.comparable.rfind(wanted)
        if not wanted or index < 0:
            return None
        start = self._last(index)
        first = self._last(index + len(wanted) - 1) + 1
        ends = range(first, min(first + _COMBINING, len(self.text) + 1))
        return next(
            ((start, end) for end in ends if comparable(self.text[start:end]) == wanted), None
        )

    def has_word(self, text: str) -> bool:
        """Whether a text stands there and does not go on as a word."""
        return re.search(rf"(?<!\w){re.escape(text.strip())}(?!\w)", self.text) is not None

    def _last(self, length: int) -> int:
        """The largest number of characters whose comparable text has at most that length."""
        low, high = 0, len(self.text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (
                (middle, high)
                if len(comparable(self.text[:middle])) <= length
                else (low, middle - 1)
            )
        return low


def spans_of(
    texts: Mapping[DocumentPath, str],
    prompt: RenderedPrompt,
    options: Sequence[str],
    passage: str | None,
) -> tuple[list[DocumentSpan], list[tuple[DocumentPath, str]]]:
    """Where the texts of a document stand in its prompt, without the blanks at their ends; and those that do not.

    The last occurrence counts, after any solved examples. Left out are the prompt itself, and of short texts those
    that are an option or part of a word, unless `passage` names the text.

    Args:
        texts: texts by path, as `document_texts` gives them, with what `passage` names.
        prompt: the rendered prompt.
        options: texts that the model chooses from.
        passage: path of the texts that are kept in any case, or None.

    Returns:
        Fields of the prompt, and comparable texts that are not in it: those that are named, and those that are neither
        short nor an option.
    """
    labels = {comparable(option) for option in options}
    found: list[DocumentSpan] = []
    outside: list[tuple[DocumentPath, str]] = []
    for path, text in texts.items():
        known = comparable(text)
        if not known:
            continue
        named = passage is not None and matches(passage, dotted(path))
        if not named and not _may_group(text, known, prompt, labels):
            continue
        if span := _span(text, prompt):
            found.append((path, *span))
        elif named or not (is_short(known) or known in labels):
            outside.append((path, comparable(unescape(text))))
    return found, outside


def _span(text: str, prompt: RenderedPrompt) -> tuple[int, int] | None:
    """Where a text stands, as it is or with its HTML entities as the characters that they are."""
    span = prompt.find(text)
    return prompt.find(unescape(text)) if span is None and "&" in text else span


def _may_group(text: str, known: str, prompt: RenderedPrompt, labels: set[str]) -> bool:
    if is_short(known):
        return known not in labels and prompt.has_word(text)
    return known != prompt.comparable
