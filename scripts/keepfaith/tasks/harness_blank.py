"""A harness task's prompts for each choice, as one prompt with a blank: what readers see and what groups examples."""

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from keepfaith.tasks.harness_fields import WHOLE_PROMPT, literal

BLANK = "_"
"""Stands where the prompts of the choices differ."""


class FilledBlank(NamedTuple):
    """A template of `config.placeholders`, its fields, and what each choice fills into the blank."""

    template: str
    fields: dict[str, str]
    options: tuple[str, ...]


def filled_blank(own: Sequence[str], contexts: Sequence[str], continuation: str) -> FilledBlank:
    """One prompt for all choices: what their own texts begin with, the blank, and the continuation.

    The blank begins with a word and has at least the last one, so that names stay whole that have the same first
    letters, or of which one is the beginning of another. Where that is nothing, choices are the whole texts.

    Args:
        own: the document's text for each choice, without description and solved examples.
        contexts: the same with these.
        continuation: what is scored after each.

    Examples:
        >>> texts = ["Ann paid Bob because Ann", "Ann paid Bob because Bob"]
        >>> filled_blank(texts, ["Solved. " + text for text in texts], " was rich.")
        FilledBlank(template='Solved. {context}', fields={'context': 'Ann paid Bob because _ was rich.'}, \
options=('Ann', 'Bob'))
    """
    words = takewhile(
        lambda each: len(set(each)) == 1, zip(*(text.split(" ")[:-1] for text in own), strict=False)
    )
    shared = "".join(f"{word} " for word, *_ in words)
    options = tuple(text.removeprefix(shared) for text in own)
    if not all(map(str.strip, options)):
        shared, options = "", tuple(own)
    before = contexts[0].removesuffix(own[0]) if contexts[0].endswith(own[0]) else ""
    fields = {WHOLE_PROMPT: shared + BLANK + continuation}
    return FilledBlank(f"{literal(before)}{{{WHOLE_PROMPT}}}", fields, options)
