"""From a prompt template and field texts to a prompt that knows which characters are whose."""

from collections.abc import Mapping
from typing import NamedTuple

from keepfaith.config.placeholders import parse


class FieldSpan(NamedTuple):
    """Where a field's text stands in a prompt: characters, end excluded."""

    name: str
    start: int
    end: int


class Prompt(NamedTuple):
    """A prompt and its fields, in the order of the text; whatever lies outside them is the template's."""

    text: str
    fields: tuple[FieldSpan, ...]


def render_prompt(template: str, fields: Mapping[str, str], cut_end: bool = True) -> Prompt:
    """Put field texts into a template, as they are: braces in them mean nothing.

    Field text is not stripped. White space at the very end of the prompt is cut where `cut_end`, with the span of a
    field that ends there: a tokenizer would glue it to the option, which follows after one space.

    Raises:
        KeyError: a field that the template names is not given.
    """
    text = ""
    spans = []
    for piece in parse(template):
        if piece.is_field:
            spans.append(FieldSpan(piece.text, len(text), len(text) + len(fields[piece.text])))
        text += fields[piece.text] if piece.is_field else piece.text
    if cut_end:
        text = text.rstrip()
    end = len(text)
    return Prompt(text, tuple(FieldSpan(s.name, min(s.start, end), min(s.end, end)) for s in spans))
