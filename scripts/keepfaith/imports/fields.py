"""Search for the texts of a logged document in its prompt, to find examples that share a passage."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from html import unescape

from keepfaith.config.passages import comparable, is_short
from keepfaith.imports.documents import DocumentPath, dotted, matches

NamedSpan = tuple[str, int, int]
"""(name of a field, start, end) of its text in the prompt, in characters."""

DocumentSpan = tuple[DocumentPath, int, int]
"""The same with the document path of the text."""

_COMBINING = 4
"""Upper bound of the characters that are composed with a letter before them."""


class RenderedPrompt:
    """A rendered prompt that can be searched."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def comparable(self) -> str:
        """The prompt in comparable form."""
        return comparable(self.text)

    def find(self, text: str) -> tuple[int, int] | None:
        """Start and end of the last occurrence of a text, without surrounding blanks; None where it has none.

        A text that is not found literally (a template may change case or blanks) is searched for in comparable form.
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
        """Whether the prompt contains a text as whole words."""
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
    """Spans of a document's texts in its prompt, without surrounding blanks, and the texts that are not in it.

    The last occurrence counts, after any few-shot examples. The prompt itself is left out, and so are short texts that
    are a choice or part of a word, unless `passage` names the text.

    Args:
        texts: result of `document_texts`, with the values that `passage` names.
        prompt: the rendered prompt.
        options: texts that the model chooses from.
        passage: document path of texts that are always kept, or None.

    Returns:
        Fields of the prompt, and comparable texts that are not in it: those that `passage` names, and those that are
        neither short nor a choice.
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
    """Span of a text, as it is or with its HTML entities decoded."""
    span = prompt.find(text)
    return prompt.find(unescape(text)) if span is None and "&" in text else span


def _may_group(text: str, known: str, prompt: RenderedPrompt, labels: set[str]) -> bool:
    if is_short(known):
        return known not in labels and prompt.has_word(text)
    return known != prompt.comparable
